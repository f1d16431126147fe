//! How issuers are asked: how often, how much, and where never.

use super::{SUBJECT, Site, entry};
use crate::support::{Issuer, IssuerKey};
use dockpass::service::actor::Actor;
use dockpass::service::federation;
use serde_json::json;
use std::time::Duration;

const UNAVAILABLE: &str = r#"{"message":"the issuer's keys cannot be fetched, try again later"}"#;

#[tokio::test]
async fn keys_are_kept_for_an_hour() {
    let site = Site::new("");
    for _ in 0..3 {
        site.robot_token().await;
    }
    site.installation.advance(3599);
    site.robot_token().await;
    assert_eq!(site.issuer.asked(), 1);
    site.installation.advance(1);
    site.robot_token().await;
    assert_eq!(site.issuer.asked(), 2);
    let discovery = "/.well-known/openid-configuration";
    assert_eq!(site.issuer.paths(), [discovery, "/keys", discovery, "/keys"]);
}

#[tokio::test]
async fn a_new_key_is_fetched_at_once_and_an_old_one_is_forgotten_with_it() {
    let site = Site::new("");
    let old = site.token();
    site.robot_token().await;
    let second = IssuerKey::ec("second");
    site.issuer.publish(&[&second]);
    assert_eq!(site.exchange("acme+ci", &old).await.status, 200, "still kept");
    let answer = site.exchange("acme+ci", &second.token(&site.claims())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(site.exchange("acme+ci", &old).await.status, 400);

    // The same name for another key.
    site.installation.advance(10);
    let third = IssuerKey::ec("second");
    site.issuer.publish(&[&third]);
    assert_eq!(site.exchange("acme+ci", &third.token(&site.claims())).await.status, 200);
}

#[tokio::test]
async fn made_up_keys_do_not_make_us_ask_again_and_again() {
    let site = Site::new("");
    site.robot_token().await;
    for number in 0..8 {
        let made_up = IssuerKey::ec(&format!("made up {number}"));
        assert_eq!(site.exchange("acme+ci", &made_up.token(&site.claims())).await.status, 400);
    }
    assert_eq!(site.issuer.asked(), 2);
    site.installation.advance(10);
    let made_up = IssuerKey::ec("made up once more");
    assert_eq!(site.exchange("acme+ci", &made_up.token(&site.claims())).await.status, 400);
    assert_eq!(site.issuer.asked(), 3);
    assert_eq!(site.exchange("acme+ci", &site.token()).await.status, 200, "kept keys go on");
}

#[tokio::test]
async fn many_at_once_are_one_question() {
    let site = Site::new("");
    site.issuer.page(
        "/.well-known/openid-configuration",
        "200 OK",
        json!({ "issuer": site.issuer.url(), "jwks_uri": format!("{}/keys", site.issuer.url()) })
            .to_string()
            .as_bytes(),
        Duration::from_millis(200),
    );
    let token = site.token();
    let one = || site.exchange("acme+ci", &token);
    let answers = tokio::join!(one(), one(), one(), one(), one(), one());
    for answer in [answers.0, answers.1, answers.2, answers.3, answers.4, answers.5] {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(site.issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_again_after_a_while() {
    let site = Site::new("");
    let good = json!({ "issuer": site.issuer.url(), "jwks_uri": format!("{}/keys", site.issuer.url()) });
    site.issuer.keys("500 Internal Server Error", b"");
    for _ in 0..3 {
        let answer = site.exchange("acme+ci", &site.token()).await;
        assert_eq!((answer.status, answer.text().as_str()), (503, UNAVAILABLE));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(site.issuer.asked(), 1);
    site.issuer.publish(&[&site.key]);
    assert_eq!(site.exchange("acme+ci", &site.token()).await.status, 503, "not yet");
    site.installation.advance(5);
    site.robot_token().await;

    // When it goes down later, its keys are good until their hour is over.
    site.issuer.page("/.well-known/openid-configuration", "503 Unavailable", b"", Duration::ZERO);
    site.installation.advance(3599);
    site.robot_token().await;
    site.installation.advance(1);
    assert_eq!(site.exchange("acme+ci", &site.token()).await.status, 503);
    site.issuer.discovery(&good);
    site.installation.advance(5);
    site.robot_token().await;
}

#[tokio::test]
async fn only_the_issuers_own_documents_are_believed() {
    let site = Site::new("");
    let (url, elsewhere) = (site.issuer.url(), Issuer::start());
    elsewhere.publish(&[&site.key]);
    let discovery = |issuer: &str, keys: &str| json!({ "issuer": issuer, "jwks_uri": keys });
    for (document, reason) in [
        (discovery("https://other.example", &format!("{url}/keys")), "the document of another issuer"),
        (discovery(&format!("{url}/"), &format!("{url}/keys")), "another spelling is another issuer"),
        (discovery(&url, &format!("{}/keys", elsewhere.url())), "keys at a host that is not listed"),
        (
            discovery(&url, &format!("http://localhost:{}/keys", url.rsplit(':').next().unwrap())),
            "plain HTTP",
        ),
        (discovery(&url, "https://127.0.0.1/keys"), "a private address"),
        (discovery(&url, "file:///etc/passwd"), "a file"),
        (discovery(&url, "/keys"), "half an address"),
        (json!({ "issuer": url }), "no address"),
        (json!([]), "no document"),
    ] {
        site.issuer.discovery(&document);
        let answer = site.exchange("acme+ci", &site.token()).await;
        assert_eq!((answer.status, answer.text().as_str()), (503, UNAVAILABLE), "{reason}");
        site.installation.advance(5);
    }
    assert_eq!(elsewhere.connections(), 0);
    assert_eq!(site.issuer.asked(), 0);
}

#[tokio::test]
async fn redirects_are_not_followed_and_long_answers_are_not_read() {
    let site = Site::new("");
    let other = Issuer::start();
    other.publish(&[&site.key]);
    let redirect = format!("302 Found\r\nlocation: {}/keys", other.url());
    let long = vec![b' '; 65 * 1024];
    for (head, body) in [
        (redirect.as_str(), b"".as_slice()),
        ("200 OK", &long),
        ("200 OK", b"no keys"),
        ("204 No Content", b""),
    ] {
        site.issuer.keys(head, body);
        assert_eq!(site.exchange("acme+ci", &site.token()).await.text(), UNAVAILABLE, "{head}");
        site.installation.advance(5);
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn hosts_that_are_not_listed_are_not_connected_to() {
    let hidden = Issuer::start();
    let listed = Site::new("");
    let port = hidden.url().rsplit(':').next().unwrap().to_owned();
    for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433"] {
        let issuer = format!("https://{host}:{port}");
        listed.federate_unchecked(&issuer);
        let answer = listed.exchange("acme+ci", &listed.token_with("iss", json!(issuer))).await;
        assert_eq!((answer.status, answer.text().as_str()), (503, UNAVAILABLE), "{issuer}");
        listed.installation.advance(5);
    }
    assert_eq!(hidden.connections(), 0);
}

#[tokio::test]
async fn a_slow_issuer_is_not_waited_for() {
    let site = Site::new("");
    site.issuer.page("/keys", "200 OK", b"{\"keys\":[]}", Duration::from_mins(10));
    let answer = site.exchange("acme+ci", &site.token()).await;
    assert_eq!((answer.status, answer.text().as_str()), (503, UNAVAILABLE));
}

#[tokio::test]
async fn the_certificate_must_be_of_a_trusted_authority() {
    let site = Site::with(Issuer::start(), "");
    let stranger = Issuer::start();
    stranger.publish(&[&site.key]);
    let port = stranger.url().rsplit(':').next().unwrap().to_owned();
    let config =
        format!("SERVER_HOSTNAME: registry.example\nFEDERATION_INTERNAL_ISSUERS: ['localhost:{port}']\n");
    let trusting = format!("{config}FEDERATION_CA_CERTIFICATES: {}\n", site.issuer.authority());
    for config in [config, trusting] {
        let installation = crate::support::Installation::new(&config);
        installation.robot_in("acme", "acme+ci");
        let other = Site { installation, issuer: Issuer::plain(), key: IssuerKey::ec("first") };
        other.federate("acme+ci", &[(&stranger.url(), SUBJECT)]);
        let token = site.token_with("iss", json!(stranger.url()));
        assert_eq!(other.exchange("acme+ci", &token).await.text(), UNAVAILABLE);
    }
    assert!(stranger.connections() > 0);
    assert_eq!(stranger.paths(), Vec::<String>::new());
}

#[tokio::test]
async fn plain_http_works_where_it_is_switched_on() {
    let site = Site::with(Issuer::plain(), "");
    site.robot_token().await;
    let port = site.issuer.url().rsplit(':').next().unwrap().to_owned();
    let config = format!("FEDERATION_INTERNAL_ISSUERS: ['localhost:{port}']\n");
    let off = crate::support::Installation::new(&config);
    off.robot_in("acme", "acme+ci");
    let refused =
        federation::set(&off.app, &Actor::operator("test"), "acme", "ci", &[entry(&site.issuer.url(), "x")]);
    assert_eq!(refused.unwrap_err().to_string(), "Issuer must be a URL that begins with https://");
}
