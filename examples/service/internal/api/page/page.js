"use strict";

const $ = id => document.getElementById(id);

// el makes an element. Text goes in as text: nothing that was read or listed is
// ever taken for markup.
function el(tag, attrs, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attrs || {})) {
		if (value === true) e.setAttribute(name, "");
		else if (value !== false && value != null) e.setAttribute(name, value);
	}
	e.append(...children.filter(c => c != null));
	return e;
}

const maxLines = 50;
let token = sessionStorage.getItem("token") || "";
let needsToken = false; // something was refused without one

function headers(type) {
	const h = {"Content-Type": type, "Vinmatch-Purpose": encodeURIComponent($("purpose").value.trim())};
	const t = $("token").value.trim() || token;
	if (t) h.Authorization = "Bearer " + t;
	return h;
}

class Refused extends Error {}

// refused turns an answer that is an error into one to show.
async function refused(res) {
	let e = {};
	try { e = (await res.json()).error; } catch { /* no JSON: the status has to do */ }
	if (res.status === 401 || res.status === 403) {
		needsToken = true;
		$("tokenField").hidden = false;
		$("token").focus();
	}
	if (e.code === "no_purpose") $("purpose").focus();
	return new Refused(e.text ? e.text[0].toUpperCase() + e.text.slice(1) + "." : "The server answered with status " + res.status + ".");
}

function show(error) {
	$("message").textContent = error instanceof Refused ? error.message : "The server cannot be reached.";
	$("message").hidden = false;
	$("announce").textContent = "";
}

const count = new Intl.NumberFormat("en");
const plural = (n, word) => count.format(n) + " " + word + (n === 1 ? "" : "s");

// percent never says 0 or 100 of what is not certain.
function percent(p) {
	if (p >= 0.9995) return "over 99.9 %";
	if (p >= 0.995) return (p * 100).toFixed(1) + " %";
	if (p < 0.0005) return "under 0.1 %";
	return p < 0.095 ? (p * 100).toFixed(1) + " %" : Math.round(p * 100) + " %";
}

function duration(us) {
	return us < 1000 ? count.format(us) + " µs" : us < 1e6 ? (us / 1000).toFixed(1) + " ms" : (us / 1e6).toFixed(1) + " s";
}

async function status() {
	try {
		const s = await (await fetch("/v1/status")).json();
		const at = s.register.as_of ? new Date(s.register.as_of).toLocaleTimeString() : "";
		$("state").textContent = s.ready
			? plural(s.records, "record") + (at ? ", as of " + at : "")
			: "Not up to date: " + s.reason;
		$("state").className = s.ready ? "state" : "state bad";
		$("tokenField").hidden = s.open && !token && !needsToken;
		return s;
	} catch {
		$("state").textContent = "The server cannot be reached";
		$("state").className = "state bad";
	}
}

function examples(list) {
	if (!list || !list.length) return;
	$("examples").append(el("span", {class: "hint"}, "Try:"));
	for (const x of list) {
		const b = el("button", {type: "button"}, x.label);
		b.addEventListener("click", () => {
			$("numbers").value = x.text;
			$("kind").value = x.kind;
			ask();
		});
		$("examples").append(b);
	}
	$("examples").hidden = false;
}

let asking = null;

async function ask() {
	const lines = $("numbers").value.split("\n").map(s => s.trim()).filter(s => s);
	$("message").hidden = true;
	if (!lines.length) {
		show(new Refused("There is no number to check."));
		$("numbers").focus();
		return;
	}
	if (lines.length > maxLines) {
		show(new Refused("More than " + maxLines + " numbers: make a manifest of them."));
		return;
	}
	if (asking) asking.abort();
	const mine = asking = new AbortController();
	$("check").setAttribute("aria-disabled", "true");
	$("announce").textContent = "Checking.";
	const kind = $("kind").value;
	try {
		const answers = [];
		for (const text of lines) {
			const res = await fetch("/v1/explain", {
				method: "POST", headers: headers("application/json"), signal: mine.signal,
				body: JSON.stringify({reads: [{kind, text}], channel: $("channel").value}),
			});
			if (!res.ok) throw await refused(res);
			answers.push([text, await res.json()]);
		}
		remember();
		$("list").replaceChildren(...answers.map(([text, a]) => answer(text, kind, a)));
		const found = answers.filter(([, a]) => a.result.findings.length).length;
		const text = plural(found, "number") + " of " + lines.length + (found === 1 ? " has" : " have") + " findings";
		$("answersHead").textContent = lines.length === 1 ? "Answer" : text;
		$("answers").hidden = false;
		$("announce").textContent = lines.length === 1 ? outcome(answers[0][1])[0] : text;
		$("answersHead").focus({preventScroll: true});
		$("answers").scrollIntoView({block: "start"});
	} catch (e) {
		if (e.name !== "AbortError") show(e);
	} finally {
		if (asking === mine) {
			asking = null;
			$("check").removeAttribute("aria-disabled");
		}
	}
}

// remember keeps a token that was good, until the page is closed.
function remember() {
	const t = $("token").value.trim();
	if (t && t !== token) {
		token = t;
		sessionStorage.setItem("token", t);
		tell();
	}
}

// watcher is a button with which a number is remembered.
function watcher(text, kind, channel) {
	const note = el("span", {class: "hint", role: "status"});
	const button = el("button", {type: "button", class: "second"}, "Tell me if it is listed later");
	button.addEventListener("click", async () => {
		if (button.getAttribute("aria-disabled")) return;
		$("message").hidden = true;
		button.setAttribute("aria-disabled", "true");
		try {
			const res = await fetch("/v1/watch", {
				method: "POST", headers: headers("application/json"),
				body: JSON.stringify({reads: [{kind, text}], channel, inquirer: "page"}),
			});
			if (!res.ok) throw await refused(res);
			const a = await res.json();
			remember();
			tell();
			note.textContent = "Remembered until " + new Date(a.watch.until).toLocaleString() + ".";
			button.hidden = true;
		} catch (e) {
			show(e);
		} finally {
			button.removeAttribute("aria-disabled");
		}
	});
	return el("div", {class: "actions"}, button, note);
}

// tell shows what is reported to the owner of the token, while the page is open.
let telling = "";

async function tell() {
	if (!token || telling === token) return;
	const mine = telling = token;
	for (let after = 0, pause = 1000; telling === mine;) {
		try {
			const res = await fetch("/v1/watch/reports?wait=50&after=" + after, {headers: {Authorization: "Bearer " + mine}});
			if (telling !== mine) return;
			if (res.status === 401 || res.status === 403) {
				telling = "";
				return;
			}
			if (!res.ok) throw await refused(res);
			const page = await res.json();
			const first = after === 0;
			after = page.next;
			pause = 1000;
			for (const r of page.reports) $("toldList").prepend(told(r.report));
			if (page.reports.length) {
				$("told").hidden = false;
				if (!first) $("announce").textContent = "A number that you asked for is listed now.";
			}
		} catch {
			await new Promise(done => setTimeout(done, pause));
			pause = Math.min(2 * pause, 60000);
		}
	}
}

function told(r) {
	const read = r.inquiry.reads[0];
	return el("article", {class: "card answer"},
		el("div", {class: "head"}, el("h3", {}, read.text), el("span", {class: "verdict " + r.finding.verdict}, "Listed now")),
		el("p", {class: "hint"}, "Read " + new Date(r.inquiry.time).toLocaleString() + " for " + r.inquiry.purpose + "; reported " + new Date(r.reported).toLocaleString() + "."),
		finding(r.finding, read, read.kind));
}

// outcome says in words what an answer comes to, and its class.
function outcome(a) {
	const list = a.result.findings;
	if (!list.length && unread(a)) return ["Nothing that could be looked up", "unread"];
	if (!list.length) return ["Not found in this register", "none"];
	const best = list[0].verdict;
	const records = plural(list.length, "record");
	if (best === "probable") return ["Probably listed: " + records, "probable"];
	if (best === "sibling") return ["Probably another vehicle: " + records + " of similar numbers", "none"];
	return ["Possibly listed: " + records, "possible"];
}

// unread reports whether nothing was read that could be looked up.
const unread = a => a.result.remarks.some(r => ["empty", "unreadable"].includes(r.code) || r.code === "placeholder" && r.grade === "note");

function answer(text, kind, a) {
	const read = a.reads[0];
	const [words, cls] = outcome(a);
	const box = el("article", {class: "card answer"},
		el("div", {class: "head"}, el("h3", {}, read.text || text), el("span", {class: "verdict " + cls}, words)));
	if (read.vin) box.append(decoded(read.vin));
	if (a.result.remarks.length) {
		box.append(el("ul", {class: "remarks", "aria-label": "Remarks"}, ...a.result.remarks.map(r => el("li", {}, sentence(r.text)))));
	}
	for (const f of a.result.findings) box.append(finding(f, read, kind));
	box.append(el("p", {class: "how"}, how(a, read)));
	if (!unread(a) && cls !== "probable") box.append(watcher(text, kind, $("channel").value));
	return box;
}

const sentence = s => s[0].toUpperCase() + s.slice(1) + (s.endsWith(".") ? "" : ".");

function facts(pairs) {
	return el("dl", {}, ...pairs.filter(([, v]) => v).map(([k, v]) => el("div", {}, el("dt", {}, k), el("dd", {}, v))));
}

function decoded(v) {
	const use = {required: "required", customary: "customary", none: "not used by this maker"}[v.check_rule];
	const ok = v.check_digit === v.check_computed;
	return facts([
		["Maker", [v.wmi, v.manufacturer || "not known"].join(" ")],
		["Make", (v.makes || []).join(", ")],
		["Country", v.country_name],
		["Type", v.vehicle_type],
		["Model year", v.model_year || (v.model_years || []).join(" or ")],
		["Serial", v.serial],
		["Check digit", v.check_rule === "none" ? use : (ok ? "computes" : "does not compute (" + v.check_computed + ")") + ", " + use],
	]);
}

// compare lines up what was read with what is listed, from the evidence: arrays of
// [text, differs] for both.
function compare(f, text, listed) {
	const chars = [...listed];
	const byPos = new Map();
	const extra = [];
	for (const e of f.evidence) {
		if (e.kind !== f.kind) continue;
		if (e.code === "extra") extra.push(e);
		else if (e.code === "misread" || e.code === "transposed" || e.code === "missing") byPos.set(e.position, e);
	}
	const read = [], list = [];
	for (let i = 1; i <= chars.length; i++) {
		const e = byPos.get(i);
		if (!e) {
			read.push([chars[i - 1], false]);
			list.push([chars[i - 1], false]);
			continue;
		}
		const n = e.code === "transposed" ? 2 : 1;
		read.push([e.code === "missing" ? "·" : e.read, true]);
		list.push([chars.slice(i - 1, i - 1 + n).join(""), true]);
		i += n - 1;
	}
	for (const e of extra.sort((a, b) => a.position - b.position)) {
		read.splice(e.position - 1, 0, [e.read, true]);
		list.splice(e.position - 1, 0, ["·", true]);
	}
	return byPos.size || extra.length ? [read, list] : null;
}

function line(name, parts) {
	const number = el("span", {class: "number"});
	for (const [text, differs] of parts) number.append(differs ? el("mark", {}, text) : text);
	return [el("span", {class: "name"}, name), number];
}

function listedNumber(r, kind) {
	if (kind === "vin" && r.vin) return r.vin;
	if (kind === "plate" && r.plate) return r.plate.text;
	const n = (r.numbers || []).find(n => n.kind === kind);
	return n ? n.text : "";
}

function meter(p) {
	const bar = el("div");
	bar.style.width = p * 100 + "%";
	return el("div", {class: "meter", role: "meter", "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": p,
		"aria-valuetext": percent(p), "aria-label": "Probability"}, bar);
}

function finding(f, read, kind) {
	const r = f.record;
	const listed = listedNumber(r, f.kind);
	const box = el("section", {class: "finding", "aria-label": "Record " + r.id + " of " + r.owner},
		el("div", {class: "top"},
			el("span", {class: "percent"}, percent(f.probability)),
			el("span", {class: "chip " + f.verdict}, f.verdict),
			el("span", {class: "chip"}, f.how + " match"),
			el("span", {class: "chip"}, r.status || "listed")),
		meter(f.probability));
	const pair = listed && compare(f, read.text, listed);
	if (pair) box.append(el("div", {class: "compare"}, ...line("Read", pair[0]), ...line("Listed", pair[1])));
	else if (listed) box.append(el("div", {class: "compare"}, ...line("Listed", [[listed, false]])));
	box.append(facts([
		["Owner", r.owner], ["Record", r.id], ["Make", r.make], ["Model year", r.model_year], ["Colour", r.colour],
		["Type", r.type], ["Stolen", r.stolen],
		["VIN", f.kind !== "vin" && r.vin], ["Plate", f.kind !== "plate" && r.plate && [r.plate.country, r.plate.text].filter(s => s).join(" ")],
		["Tags", (r.tags || []).join(", ")],
	]));
	const rows = f.evidence.map(e => el("tr", {}, el("td", {}, sentence(e.text)), el("td", {class: "bits"}, bits(e.bits))));
	box.append(el("details", {},
		el("summary", {}, "Evidence (" + plural(f.evidence.length, "reason") + ")"),
		el("table", {},
			el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "Reason"), el("th", {scope: "col", class: "bits"}, "Odds, bits"))),
			el("tbody", {}, ...rows))));
	return box;
}

const bits = b => (b > 0 ? "+" : b < 0 ? "−" : "") + Math.abs(b).toFixed(1);

function how(a, read) {
	const words = {exact: "the number as it is", one_error: "all numbers one error away", two_errors: "numbers two errors away"};
	let text = read.pattern
		? "Searched for " + read.pattern + (read.plan ? " by " + read.plan.path + ": " + plural(read.plan.visited, "candidate") + " looked at" : "")
		: "Searched: " + a.result.searched.map(s => words[s]).join(", ");
	text += "; took " + duration(a.took_us) + ".";
	if (!a.register.fresh) text += " The register may be out of date" + (a.register.as_of ? ": it is of " + new Date(a.register.as_of).toLocaleString() : "") + ".";
	return text;
}

// A manifest goes to the server as it is; what comes back is kept as it came, for
// the download, and looked at line by line.
const maxShown = 200;
let uploading = null;
let resultURL = "";

async function upload() {
	const file = $("manifest").files[0];
	$("message").hidden = true;
	if (!file) {
		show(new Refused("There is no file to screen."));
		$("manifest").focus();
		return;
	}
	if (uploading) return;
	uploading = new AbortController();
	$("upload").setAttribute("aria-disabled", "true");
	$("stop").hidden = false;
	$("progress").hidden = false;
	$("progress").removeAttribute("value");
	$("manifestResult").hidden = false;
	$("download").hidden = $("hitsBox").hidden = $("hitsMore").hidden = true;
	$("manifestText").textContent = "Screening " + file.name + ".";
	const body = $("hits").tBodies[0];
	body.replaceChildren();
	const parts = [];
	let summary = null, failure = null, hits = 0;
	const take = text => {
		const o = JSON.parse(text);
		if (o.summary) summary = o.summary;
		else if (o.error) failure = o.error;
		else if (o.findings.length) {
			if (hits++ < maxShown) body.append(hit(o));
		}
	};
	try {
		const res = await fetch("/v1/screen/stream?channel=" + encodeURIComponent($("channel").value), {
			method: "POST", headers: headers("text/csv"), body: file, signal: uploading.signal,
		});
		if (!res.ok) throw await refused(res);
		const reader = res.body.getReader();
		const decoder = new TextDecoder();
		let rest = "";
		for (;;) {
			const {done, value} = await reader.read();
			if (done) break;
			parts.push(value);
			const lines = (rest + decoder.decode(value, {stream: true})).split("\n");
			rest = lines.pop();
			lines.forEach(take);
		}
		if (failure) throw new Refused(sentence(failure.text));
		if (!summary) throw new Refused("The answer broke off.");
		$("manifestText").textContent = plural(summary.observations, "observation") + ", " + count.format(summary.probable) + " probably listed, " +
			count.format(summary.possible) + " possibly, " + count.format(summary.siblings) + " like a listed one, " +
			count.format(summary.unreadable) + " unreadable; took " + duration(summary.took_us) + ".";
		if (resultURL) URL.revokeObjectURL(resultURL);
		resultURL = URL.createObjectURL(new Blob(parts, {type: "application/x-ndjson"}));
		$("download").href = resultURL;
		$("download").download = file.name.replace(/\.(csv|gz)$/gi, "") + "-screened.ndjson";
		$("download").hidden = false;
		$("hitsBox").hidden = hits === 0;
		$("hitsMore").hidden = hits <= maxShown;
		$("hitsMore").textContent = "The first " + maxShown + " of " + count.format(hits) + " hits; the download has all.";
	} catch (e) {
		$("manifestText").textContent = e.name === "AbortError" ? "Stopped." : "";
		if (e.name !== "AbortError") show(e);
	} finally {
		uploading = null;
		$("upload").removeAttribute("aria-disabled");
		$("stop").hidden = true;
		$("progress").hidden = true;
	}
}

function hit(o) {
	const f = o.findings[0];
	const more = o.findings.length > 1 ? " and " + (o.findings.length - 1) + " more" : "";
	return el("tr", {},
		el("td", {}, String(o.line)),
		el("td", {class: "mono"}, listedNumber(f.record, f.kind)),
		el("td", {}, percent(f.probability) + " ", el("span", {class: "chip " + f.verdict}, f.verdict)),
		el("td", {}, f.how + " " + f.kind),
		el("td", {}, f.record.owner + " " + f.record.id + more));
}

$("ask").addEventListener("submit", e => { e.preventDefault(); ask(); });
$("numbers").addEventListener("keydown", e => {
	if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
		e.preventDefault();
		ask();
	}
});
$("upload").addEventListener("click", upload);
$("stop").addEventListener("click", () => uploading && uploading.abort());
status().then(s => s && examples(s.examples));
tell();
setInterval(() => document.hidden || status(), 15000);
