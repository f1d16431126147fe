//! The forms of a page, as a browser would fill them in.

/// A form.
pub(super) struct Form {
    pub(super) action: String,
    pub(super) method: &'static str,
    /// Every named field with the values that the page gives it: none for a text to be typed in.
    pub(super) fields: Vec<(String, Vec<String>)>,
}

impl Form {
    /// Its target without the names in it, to count which forms were reached.
    pub(super) fn name(&self) -> String {
        let path = self.action.split('?').next().unwrap_or_default();
        let action = self.fields.iter().find(|(name, _)| name == "action");
        let what = action.and_then(|(_, values)| values.first()).map_or("", String::as_str);
        format!("{}{}#{what}", path.matches('/').count(), path.rsplit('/').next().unwrap_or_default())
    }
}

/// The value of an attribute inside a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#38;", "&"))
}

/// Every form of a page.
pub(super) fn of(body: &[u8], here: &str) -> Vec<Form> {
    let page = String::from_utf8_lossy(body);
    let forms = page.split("<form").skip(1);
    forms
        .map(|text| {
            let text = text.split("</form>").next().unwrap_or_default();
            let head = text.split('>').next().unwrap_or_default();
            let method = if attribute(head, "method").as_deref() == Some("get") { "get" } else { "post" };
            let action = attribute(head, "action").unwrap_or_else(|| here.to_owned());
            Form { action, method, fields: fields(text) }
        })
        .collect()
}

fn fields(form: &str) -> Vec<(String, Vec<String>)> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    for tag in form.split('<').filter_map(|rest| rest.split('>').next()) {
        let value = attribute(tag, "value");
        if tag.starts_with("option") {
            if let (Some((_, values)), Some(value)) = (fields.last_mut(), value) {
                values.push(value);
            }
            continue;
        }
        let Some(name) = attribute(tag, "name") else { continue };
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.extend(value),
            None => fields.push((name, value.into_iter().collect())),
        }
    }
    fields
}
