// Everything works without this file; it only makes things quicker.
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const BOXES = "tbody input[type=checkbox]", TICKED = "tbody input:checked";
const byId = (id) => document.getElementById(id);
const on = (target, ...rest) => target.addEventListener(...rest);
// Does something else than what a link or a button does by itself.
const act = (target, use) => on(target, "click", (event) => { event.preventDefault(); use(); });
const live = byId("live");
const say = (text) => {
	live.textContent = "";
	setTimeout(() => live.append(text), 50);
};

const mark = (element, attribute, is, value = "true") => is ? element.setAttribute(attribute, value) : element.removeAttribute(attribute);

// Fetched pages come as documents, which run no script and need no string-to-HTML conversion.
const load = (url) => new Promise((resolve, reject) => {
	const request = new XMLHttpRequest();
	request.open("GET", url);
	request.responseType = "document";
	request.onload = () => request.status < 400 ? resolve(request.response) : reject();
	request.onerror = reject;
	request.send();
});

const copyText = async (source) => {
	if (navigator.clipboard) return navigator.clipboard.writeText(source.value ?? source.textContent);
	// Over plain HTTP there is no clipboard: the text is selected, ready to be copied.
	if (source.select) source.select(); else getSelection().selectAllChildren(source);
	throw 0;
};

const watch = (input, check) => {
	on(input, "input", check);
	check();
};

function checkName(input) {
	const help = byId(input.getAttribute("aria-describedby"));
	watch(input, () => {
		const good = input.value.length > 1 && input.validity.valid;
		const bad = Boolean(input.value) && !good;
		mark(input, "aria-invalid", bad);
		help.classList.toggle("bad-text", bad);
		one("button.main", input.form).disabled = !good;
	});
}

function checkConfirm(input) {
	watch(input, () => { one("button.danger", input.form).disabled = input.value !== input.dataset.confirm; });
}

function filter(input) {
	const rows = all("[data-name]", byId(input.dataset.filter)), shows = all("[data-show]", input.closest("section") ?? input);
	const update = () => {
		const only = shows.some((button) => button.dataset.show === "selected" && button.ariaPressed === "true");
		for (const row of rows) row.hidden = !row.dataset.name.includes(input.value.trim().toLowerCase()) || (only && !one("input:checked", row));
		say(rows.filter((row) => !row.hidden).length + " shown");
	};
	on(input, "input", update);
	for (const button of shows) on(button, "click", () => {
		for (const other of shows) other.ariaPressed = other === button;
		update();
	});
}

// Fetches a page once somebody stops typing, and hands it on unless they went on meanwhile.
function whileTyping(input, where, use, fail) {
	let latest = 0;
	on(input, "input", () => {
		const turn = ++latest;
		setTimeout(async () => {
			if (turn !== latest) return;
			try {
				const url = where(), page = await load(url);
				if (turn === latest) use(page, url);
			} catch { fail?.(); }
		}, 220);
	});
}

// Search as you type: the server searches, this replaces the results and the address.
function searchLive(input) {
	whileTyping(input, () => {
		const url = new URL(input.form.action);
		url.search = new URLSearchParams([...new FormData(input.form)].filter(([, value]) => value));
		return url;
	}, (page, url) => {
		const fresh = page.getElementById(input.dataset.live), old = byId(input.dataset.live);
		if (!fresh || !old) return;
		old.replaceWith(document.adoptNode(fresh));
		history.replaceState(null, "", url);
		enhance(fresh);
		say(one(".push .soft, h2", fresh)?.textContent);
	}, () => input.form.submit());
}

// Offers the names that fit what was typed; without it, a button finds them.
function offerNames(input) {
	whileTyping(input, () => input.dataset.names + encodeURIComponent(input.value), (page) => {
		const fresh = one("#names", page);
		if (fresh) input.list.replaceChildren(...fresh.children);
	});
}

function selection(form) {
	const badge = one("[data-count]", form);
	const update = () => {
		if (!form.elements.all) badge.textContent = all(TICKED, form).length;
		one("[data-needs-selection]", form).disabled = badge.textContent === "0";
	};
	on(form, "change", () => {
		form.elements.all?.remove();
		update();
	});
	for (const link of all("[data-select]", form)) act(link, () => {
		form.elements.all?.remove();
		for (const box of all(BOXES, form)) box.checked = link.dataset.select === "page";
		link.closest("details").open = false;
		update();
	});
	for (const link of all("[data-expand]", form)) act(link, () => {
		history.replaceState(null, "", link.href);
		for (const about of all("details.about", form)) about.open = link.dataset.expand === "1";
		for (const other of all("[data-expand]", form)) mark(other, "aria-current", other === link);
	});
	update();
}

async function dialog(url, opener) {
	const page = await load(url).catch(() => null);
	const content = page && one("main form.card", page);
	if (!content) return location.assign(url);
	const box = document.createElement("dialog");
	box.ariaLabel = one("h1", content).textContent;
	box.append(document.adoptNode(content));
	document.body.append(box);
	on(box, "close", () => { box.remove(); opener?.focus(); });
	on(box, "click", (event) => {
		if (event.target !== box && !event.target.closest("[data-close]")) return;
		event.preventDefault();
		box.close();
	});
	enhance(box);
	box.showModal();
	one("input:not([type=hidden], [type=search]), select", box)?.focus();
}

function wizard(form) {
	const pages = all("[data-step], [data-review]", form), links = all(".steps a", form);
	const [back, next] = [one("[data-back]", form), one("[data-next]", form)];
	const name = form.elements.name;
	let at = 0;
	const go = (index, focus) => {
		pages.forEach((page, number) => { page.hidden = number !== index; });
		links.forEach((link, number) => mark(link, "aria-current", number === index, "step"));
		back.hidden = index === 0;
		next.hidden = index === pages.length - 1;
		at = index;
		if (next.hidden) summarise();
		if (focus) { const heading = one("h2", pages[index]); heading.tabIndex = -1; heading.focus(); }
	};
	const summarise = () => {
		const list = one("[data-summary]", form);
		list.replaceChildren();
		const put = (element, text) => list.appendChild(document.createElement(element)).append(text);
		const add = (title, text) => { put("dt", title); put("dd", text || "None"); };
		add("Name", name.value);
		add("Description", form.elements.description.value);
		const team = form.elements["new-team"];
		const ticked = (field) => all("input[name=" + field + "]:checked", form).map((box) => box.value);
		if (team) add("Teams", [...ticked("team"), team.value].filter(Boolean).join(", "));
		add("Repositories", all("select[name^='role:']", form).filter((select) => select.value !== "none")
			.map((select) => select.name.slice(5) + " (" + select.selectedOptions[0].text + ")").join(", "));
		if (byId("step-members")) add("Team members", ticked("member").join(", "));
		if (form.elements.default) add("Default permissions", form.elements.default.selectedOptions[0].text);
	};
	on(next, "click", () => go(at + 1, true));
	on(back, "click", () => go(at - 1, true));
	links.forEach((link, number) => act(link, () => go(number, true)));
	on(name, "input", () => { for (const to of all("#applied-to", form)) to.value = name.value; });
	// Enter in a search field must not send the whole; where every row is listed, they are filtered already.
	for (const find of all("[data-find]", form)) find.hidden = "complete" in find.dataset;
	on(form, "keydown", (event) => {
		if (event.key !== "Enter" || event.target.type !== "search") return;
		event.preventDefault();
		one("[data-find]:not([hidden])", event.target.closest("section"))?.click();
	});
	for (const menu of all("[data-bulk-select]", form)) {
		const step = menu.closest("section");
		const count = () => { one("[data-ticked]", menu).textContent = all(TICKED, step).length; };
		on(step, "change", count);
		for (const button of all("[data-tick]", menu)) act(button, () => {
			const kind = button.dataset.tick;
			for (const box of all(BOXES, step)) if (kind === "none" ? box.checked : !box.checked && (kind === "all" || !box.closest("tr").hidden)) box.click();
			count();
			menu.open = false;
			one("summary", menu).focus();
		});
	}
	on(form, "invalid", () => go(0, false), true);
	for (const bulk of all("[data-bulk]", form)) on(bulk, "change", () => {
		for (const select of all("#wizard-repositories tr:not([hidden]):has(input:checked) select")) {
			select.value = bulk.value;
			select.dispatchEvent(new Event("change", { bubbles: true }));
		}
		bulk.value = "";
	});
	// A ticked repository has a permission, and one without permission is not ticked.
	on(form, "change", ({ target }) => {
		const row = target.closest("#wizard-repositories tbody tr"), box = row && one("input", row);
		if (target === box) one("select", row).value = box.checked ? "read" : "none";
		else if (row) box.checked = target.value !== "none";
	});
	go(Math.max(0, pages.findIndex((page) => page.id === form.dataset.wizard)), Boolean(form.dataset.wizard));
}

// The forms of the credentials, one at a time.
function panels(nav) {
	const links = all("a", nav), sections = all("[data-panel]");
	const show = () => {
		const wanted = sections.find((section) => "#" + section.id === location.hash) || sections[0];
		for (const section of sections) section.hidden = section !== wanted;
		for (const link of links) mark(link, "aria-current", link.hash === "#" + wanted.id);
	};
	on(window, "hashchange", show);
	show();
}

function enhance(root) {
	for (const scripted of all("[data-scripted]", root)) scripted.hidden = false;
	const helpers = { pattern: checkName, "data-confirm": checkConfirm, "data-filter": filter, "data-live": searchLive, "data-names": offerNames };
	for (const name in helpers) all("input[" + name + "]", root).forEach(helpers[name]);
	for (const only of all(".unscripted", root)) only.hidden = true;
	all("form", root).filter((form) => one("[data-count]", form)).forEach(selection);
	for (const box of all("[data-tick-all]", root)) on(box, "change", () => {
		for (const other of all("tbody tr:not([hidden]) input[type=checkbox]", box.closest("table"))) if (other.checked !== box.checked) other.click();
	});
	for (const form of all("[data-autosubmit]", root)) {
		one("button", form).hidden = true;
		on(form, "change", () => form.requestSubmit());
	}
}

on(document, "click", (event) => {
	const copy = event.target.closest("[data-copy]");
	if (copy) {
		copyText(byId(copy.dataset.copy)).then(() => {
			copy.firstChild.data = "Copied";
			say("Copied");
			setTimeout(() => { copy.firstChild.data = "Copy"; }, 1500);
		}, () => say("Selected: copy it with the keyboard"));
	}
	const opener = event.target.closest("[data-dialog]");
	if (opener && !event.ctrlKey && !event.metaKey) {
		event.preventDefault();
		const menu = opener.closest("details.menu");
		if (menu) menu.open = false;
		const url = opener.form ? opener.form.action + "?" + new URLSearchParams(new FormData(opener.form)) : opener.href;
		dialog(url, menu ? one("summary", menu) : opener);
	}
	for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
	const display = event.target.closest("[action='/theme'] button");
	if (display) {
		event.preventDefault();
		const { name, value } = display;
		document.cookie = name + "=" + value + "; Path=/; SameSite=Lax; Max-Age=31536000" + (location.protocol === "https:" ? "; Secure" : "");
		document.documentElement.dataset[name] = value;
		for (const button of all("button[name=" + name + "]")) button.ariaPressed = button === display;
	}
});
on(document, "keydown", (event) => {
	const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
	if (menu) { menu.open = false; one("summary", menu).focus(); }
});
enhance(document);
all("form[data-wizard]").forEach(wizard);
all("[data-panels]").forEach(panels);
one("[data-focus]")?.focus();
