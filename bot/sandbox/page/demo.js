// The demo page: draws what the stand-ins know, and does what a visitor does, over their HTTP.
"use strict";

const $ = (id) => document.getElementById(id);
const HINTS = ["today", "cases", "picks ber", "late ber", "held", "stock mug-red", "returns", "mine", "help"];
const POLL_MS = 700;
const screen = { who: sessionStorage.who ?? "ann", prints: [], slack: null, town: null, news: [] };
const asked = [];      // what I typed, shown above the answer that only I can see
let thread = null;     // the ts of the message whose thread stands open
let openView = null;   // id and hash of the modal that is drawn
let openMail = null;   // the number of the mail that is shown
let chosenMail = false; // whether somebody picked it; else the newest is shown
let errors = {};

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error ?? answer.statusText);
  return said;
}

// --- one look at everything, again and again -----------------------------------------------------

let looking = false;
async function look() {
  if (looking) return;
  looking = true;
  try {
    const answer = await fetch(`/town/screen?who=${screen.who}&known=${screen.prints.join(",")}`);
    const seen = await answer.json();
    screen.prints = seen.prints;
    showTime(seen.now);
    if (seen.news) { screen.news = seen.news; showNews(seen.news); }
    if (seen.town) { screen.town = seen.town; showTown(); }
    if (seen.slack) { screen.slack = seen.slack; showChannel(); showThread(); showModal(); }
    if (seen.web) showWeb(seen.web);
    if (seen.telegram) showTelegram(seen.telegram);
    if (seen.mails) showMails(seen.mails);
  } catch { $("app").className = "health stopped"; $("app").lastElementChild.textContent = "the demo has ended"; screen.prints = []; } // if it has not: show it all again
  looking = false;
}

const berlin = (at, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", ...options }).format(new Date(at));
const hour = (at) => berlin(at, { hour: "2-digit", minute: "2-digit" });

function showTime(now) {
  $("day").textContent = berlin(now, { weekday: "long", day: "numeric", month: "short" });
  $("time").textContent = hour(now);
}

function showTown() {
  const { app, people, strike } = screen.town;
  $("app").className = "health " + app.state;
  $("app").lastElementChild.textContent = app.state === "running"
    ? "running" + (app.restarts ? ` · restarted ${app.restarts}×` : "") : app.state;
  $("strike").classList.toggle("on", strike);
  $("strike").textContent = strike ? "End the Strike" : "Carrier Strike";
  if (!$("who").options.length) {
    $("who").append(...people.map((one) => el("option", { value: one.key, selected: one.key === screen.who }, `${one.name.split(" ")[0]} · ${one.words}`)));
  }
  $("realchat").href = `${app.base}/chat`;
  showChips();
}

const shipping = (number) => `shipped ${number} 00340434161094${775800 + number} DHL`;

function showChips() {
  const newest = screen.town.newest;
  const own = newest ? [`${newest}`, `why ${newest}`, `hold ${newest} address`, `release ${newest}`, `picked ${newest}`, shipping(newest)] : [];
  $("chips").replaceChildren(...[...own.slice(0, 2), ...HINTS, ...own.slice(2)].map((text) =>
    el("button", { type: "button", onclick: () => type(text) }, text)));
}

function showNews(news) {
  if (!news.length) return;
  $("news").replaceChildren(...news.slice().reverse().map((one) =>
    el("li", { className: one.good ? "" : "bad" }, el("b", {}, one.title), el("small", {}, one.evidence.join("  ·  ")))));
}

// --- the staff channel ---------------------------------------------------------------------------

const names = () => Object.fromEntries(screen.slack.users.map((user) => [user.id, user.real_name]));
const me = () => screen.town.people.find((one) => one.key === screen.who);
const channel = () => screen.slack.channels.find((each) => each.id === screen.town.channel);

function drawMessage(message, inThread = false) {
  const name = names()[message.user] ?? message.user;
  const act = (what, more) => does(what, { where: { channel: message.channel, ts: message.ts }, ...more });
  const replies = channel().messages.filter((each) => each.thread_ts === message.ts && each.ts !== message.ts).length;
  const body = message.blocks?.length ? message.blocks.map((block) => drawBlock(block, names(), act))
    : el("div", { className: "said" }, mrkdwn(message.text, names()));
  const notes = [message.ephemeral_to && "only visible to you", message.versions > 1 && "edited"].filter(Boolean).join(" · ");
  return el("article", { className: `message${message.bot_id ? " app" : ""}${message.ephemeral_to ? " only" : ""}` },
    el("div", { className: "face", "aria-hidden": "true" }, name[0].toLowerCase() === "w" ? "w" : name[0]),
    el("div", { className: "body" },
      el("div", { className: "by" }, name, el("time", {}, hour(Number(message.ts) * 1000)), notes ? el("em", {}, notes) : null),
      body,
      !inThread && (replies || (message.bot_id && !message.ephemeral_to))
        ? el("button", { className: "inthread", onclick: () => openThread(message.ts) }, replies ? `${replies} ${replies === 1 ? "reply" : "replies"}` : "Reply in thread") : null));
}

function drawAsked(one) {
  return el("article", { className: "message asked" }, el("div", { className: "face" }, me().name[0]),
    el("div", { className: "body" }, el("div", { className: "by" }, me().name, el("em", {}, "typed")), el("code", {}, one.text)));
}

function showChannel() {
  if (!screen.town) return;
  const all = channel().messages.filter((each) => !each.thread_ts || each.thread_ts === each.ts);
  const mine = screen.slack.ephemerals.filter((each) => each.channel === screen.town.channel);
  const typed = asked.filter((one) => one.who === screen.who);
  const rows = [...all, ...mine].map((message) => [Number(message.ts), () => drawMessage(message)])
    .concat(typed.map((one) => [one.ts, () => drawAsked(one)])).sort((a, b) => a[0] - b[0]);
  const box = $("channel");
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 160 || !box.children.length;
  const chosen = document.activeElement?.tagName === "SELECT" && box.contains(document.activeElement);
  if (chosen) return;
  const drawn = rows.slice(-80).map(([, draw]) => draw());
  const isNew = !asked.length && !screen.news.length; // until something was done, the card is the last word
  box.replaceChildren(...(isNew ? [...drawn, tryFirst()] : [tryFirst(), ...drawn]));
  if (low) box.scrollTop = box.scrollHeight;
}

function tryFirst() {
  const typing = (text) => el("kbd", { onclick: () => type(text), role: "button", tabIndex: 0 }, text);
  const n = asked.length || screen.news.length ? screen.town.newest : (screen.town.newest ?? 1200) + 1;
  return el("div", { className: "try" }, el("b", {}, "Try this first"),
    el("ol", {},
      el("li", {}, "Press ", el("b", {}, "Place Order"), " above: a signed webhook becomes order ", String(n), ", and a mail appears on the right."),
      el("li", {}, "Look at it: ", typing(`${n}`), ". Stop it: ", typing(`hold ${n} address`), ". Ask where it goes: ", typing(`why ${n}`), "."),
      el("li", {}, "Send it: ", typing(`release ${n}`), " ", typing(`picked ${n}`), " ", typing(shipping(n)), ", then press ", el("b", {}, "Carrier Scan"), ": this very parcel moves."),
      el("li", {}, "You are Ann, the lead, who may do all of this. Be Mia or Jonas, by “I am” above, and see what they may not."),
      el("li", {}, "Be the customer: ask “where is my order?” in the middle, in English or German."),
      el("li", {}, "Press ", el("b", {}, "Advance 9 h"), " and see what got stuck. Press ", el("b", {}, "Kill the Server"), " whenever you like.")));
}

function type(text) { $("pill").textContent = "/wismo"; $("typed").value = text; $("typed").focus(); }

async function does(act, more) {
  try {
    const seen = await post("/slack/control/act", { user: me().id, act, with: more });
    errors = seen.errors ?? {};
    if (seen.trouble) complain(seen.trouble === "dispatch_failed" ? "wismo did not answer: it may be starting again" : seen.trouble);
    if (act === "submit" && !Object.keys(errors).length) openView = null;
  } catch (problem) { complain(problem.message); }
  await look();
  if (Object.keys(errors).length) { openView = null; showModal(); }
}

function complain(text) {
  $("news").prepend(el("li", { className: "bad" }, el("b", {}, text)));
  $("news").parentElement.scrollTop = 0;
}

$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("typed").value.trim();
  if (!text) return;
  $("typed").value = "";
  const command = text.startsWith("/") ? text.split(/\s+/, 1)[0] : $("pill").textContent;
  const rest = text.startsWith("/") ? text.slice(command.length).trim() : text;
  if (!command.startsWith("/")) return does("say", { text, channel: screen.town.channel });
  const last = Math.max(0, ...[...channel().messages, ...screen.slack.ephemerals].map((each) => Number(each.ts)));
  asked.push({ who: screen.who, ts: last + 1e-7, text: `${command} ${rest}` });
  await does("slash", { command, text: rest, channel: screen.town.channel });
  $("channel").scrollTop = $("channel").scrollHeight;
});
$("pill").addEventListener("click", () => {
  const next = { "/wismo": "/order", "/order": "say", say: "/wismo" };
  $("pill").textContent = next[$("pill").textContent];
  $("typed").focus();
});
$("who").addEventListener("change", () => {
  sessionStorage.who = screen.who = $("who").value;
  screen.prints = [];
  openView = null;
  look();
});

// --- threads and modals --------------------------------------------------------------------------

function openThread(ts) { thread = ts; $("thread").hidden = false; showThread(); $("reply").focus(); }
$("unthread").addEventListener("click", () => { thread = null; $("thread").hidden = true; });
function showThread() {
  if (!thread || !screen.town) return;
  const found = channel().messages.filter((each) => thread === each.ts || thread === each.thread_ts);
  $("replies").replaceChildren(...found.map((message) => drawMessage(message, true)));
  $("replies").scrollTop = $("replies").scrollHeight;
}
$("replier").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("reply").value.trim();
  $("reply").value = "";
  if (text) await does("reply_in_thread", { channel: screen.town.channel, thread_ts: thread, text });
});

function showModal() {
  const view = screen.slack?.views.at(-1);
  if (!view) { openView = null; if ($("modal").open) $("modal").close(); return; }
  if (openView === view.id + view.hash) return;
  openView = view.id + view.hash;
  const readers = {};
  const act = (what, more) => does(what, { where: view.id, ...more });
  const parts = view.blocks.map((block) => {
    if (block.type !== "input") return drawBlock(block, names(), act);
    const [field, read] = drawInput(block, view.state?.values, errors[block.block_id]);
    readers[block.block_id] = read;
    return field;
  });
  const submit = () => {
    const values = Object.fromEntries(Object.entries(readers).map(([id, read]) => [id, read()]).filter(([, value]) => value !== null));
    does("submit", { view: view.id, values });
  };
  const leave = () => { errors = {}; does("close", { view: view.id }); };
  $("form").onsubmit = (event) => { event.preventDefault(); submit(); };
  $("modal").oncancel = (event) => { event.preventDefault(); leave(); };
  $("form").replaceChildren(el("h1", {}, view.title.text), ...parts, el("div", { className: "foot" },
    el("button", { type: "button", className: "act", onclick: leave }, view.close?.text ?? "Cancel"),
    view.submit ? el("button", { className: "act primary" }, view.submit.text) : null));
  if (!$("modal").open) $("modal").showModal();
}

// --- the customer --------------------------------------------------------------------------------

const FIRST_WORDS = {
  en: ["Where is my order?", "I want to return something", "human"],
  de: ["Wo ist mein Paket?", "Ich möchte etwas zurückgeben", "Mensch"],
};
const brief = (url) => { const plain = url.replace(/^https?:\/\/(www\.)?/, ""); return plain.length > 30 ? plain.slice(0, 28) + "…" : plain; };
async function writes(body) {
  try { await post("/town/web", body); } catch (problem) { complain(problem.message); }
  await look();
}
function showWeb({ lines, buttons }) {
  const box = $("lines");
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  const rows = lines.map((line) => el("div", { className: "bubble" + (line.side === "customer" ? " mine" : "") },
    line.name ? el("b", { className: "who" }, line.name) : null,
    line.rows.map((row, n) => [n ? el("br") : null, row.map((piece) => piece.url
      ? el("a", { href: piece.url, target: "_blank", rel: "noreferrer", title: piece.url }, brief(piece.words)) : piece.words + " ")]).flat(2)));
  const hello = el("div", { className: "empty" }, el("b", {}, "The customer’s side"), "Ask “where is my order?” as anna.schmidt@example.com. Her code arrives in the mailbox, her parcel and her return are answered here.");
  box.replaceChildren(...(rows.length ? rows : [hello]));
  if (low) box.scrollTop = box.scrollHeight;
  const first = lines.length ? [] : FIRST_WORDS[language];
  $("webkeys").replaceChildren(...buttons.map((key) => el("button", { type: "button", onclick: () => writes({ pressed: key.key }) }, key.label)),
    ...first.map((text) => el("button", { type: "button", onclick: () => writes({ text }) }, text)));
}
$("writer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("written").value.trim();
  $("written").value = "";
  if (text) await writes({ text });
});
for (const button of document.querySelectorAll("[data-door]")) button.addEventListener("click", () => {
  for (const each of document.querySelectorAll("[data-door]")) each.setAttribute("aria-selected", each === button);
  $("web").hidden = button.dataset.door !== "web";
  $("telegram").hidden = button.dataset.door !== "telegram";
});
for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", async () => {
  sessionStorage.language = language = button.dataset.language;
  screen.prints = [];
  await writes({ language }); // a new visitor, and a new telephone
  speak();
});

let telegramUser = 5001;
let language = sessionStorage.language ?? "en"; // one switch for both of the customer's doors
const user = () => telegramUser;
function speak() {
  for (const each of document.querySelectorAll("[data-language]")) each.setAttribute("aria-selected", each.dataset.language === language);
  post("/telegram/control/join", { user: user(), first_name: "Anna", last_name: "Schmidt", language_code: language }).catch((problem) => complain(problem.message));
}
async function tellBot(act, body) {
  try { await post(`/telegram/control/${act}`, { user: user(), ...body }); } catch (problem) { complain(problem.message); }
  await look();
}
function showTelegram({ user: id, messages, keyboard }) {
  telegramUser = id;
  const box = $("talk");
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  const rows = messages.flatMap((message) => {
    const bubble = el("div", { className: "bubble" + (message.from.is_bot ? "" : " mine") }, telegramWords(message));
    const keys = (message.reply_markup?.inline_keyboard ?? []).flat().map((key) => el("button", {
      onclick: () => key.url ? window.open(key.url, "_blank", "noreferrer") : tellBot("press", { button: key.callback_data, message_id: message.message_id }) }, key.text));
    return keys.length ? [bubble, el("div", { className: "keys" }, keys)] : [bubble];
  });
  box.replaceChildren(...(rows.length ? rows : [el("div", { className: "empty" }, el("b", {}, "Anna’s phone"), "Say /start, or ask right away.")]));
  if (low) box.scrollTop = box.scrollHeight;
  const keys = keyboard.flat().map((key) => typeof key === "string" ? { text: key } : key);
  const first = rows.length ? [] : ["/start", ...FIRST_WORDS[language].slice(0, 2)].map((text) => ({ text }));
  $("keys").replaceChildren(...[...keys, ...first].map((key) => el("button", { type: "button",
    onclick: () => key.request_contact ? tellBot("share_contact", {}) : tellBot("say", { text: key.text }) }, key.text)));
}
function telegramWords(message) {
  if (message.contact) return `Contact: ${message.contact.phone_number}`;
  const text = message.text ?? "";
  const out = [];
  let at = 0;
  for (const one of (message.entities ?? []).filter((each) => ["bold", "italic", "code", "text_link", "url"].includes(each.type)).sort((a, b) => a.offset - b.offset)) {
    if (one.offset < at) continue;
    const said = text.slice(one.offset, one.offset + one.length);
    const href = one.url ?? said;
    const shown = one.type === "url" ? brief(said) : said;
    out.push(text.slice(at, one.offset), one.type === "text_link" || one.type === "url"
      ? el("a", { href: /^https?:/.test(href) ? href : "#", target: "_blank", rel: "noreferrer", title: href }, shown)
      : el({ bold: "b", italic: "i", code: "code" }[one.type], {}, said));
    at = one.offset + one.length;
  }
  return [...out, text.slice(at)];
}
$("teller").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("told").value.trim();
  $("told").value = "";
  if (text) await tellBot("say", { text });
});

// --- the mailbox ---------------------------------------------------------------------------------

function showMails(mails) {
  $("mailcount").textContent = mails.length || "";
  if (!chosenMail) openMail = mails[0]?.number ?? null;
  const rows = mails.map((mail) => el("button", { onclick: () => { openMail = mail.number; chosenMail = mail !== mails[0]; showMails(mails); }, "aria-current": String(mail.number === openMail) },
    el("b", {}, mail.subject), el("span", {}, `${mail.to} · ${hour(mail.at)}`)));
  $("mails").replaceChildren(...(rows.length ? rows : [el("div", { className: "empty" }, el("b", {}, "No mail yet"), "Press Place Order: its confirmation arrives here. Ship it: “on its way”. Ask in the chat: a code.")]));
  $("mails").classList.toggle("alone", openMail === null);
  $("letter").hidden = openMail === null;
  const address = `/town/mail/${openMail}`;
  if (openMail !== null && !$("letter").src.endsWith(address)) $("letter").src = address;
}

// --- buttons and tabs ----------------------------------------------------------------------------

$("buttons").addEventListener("click", async ({ target }) => {
  const { press, play, as } = target.dataset ?? {};
  if (!press && !play) return;
  target.disabled = true;
  if (as) { $("who").value = as; $("who").dispatchEvent(new Event("change")); }
  if (press === "kill_the_server") $("app").className = "health stopped";
  try { await post(press ? `/town/press/${press}` : `/town/play/${play}`); } catch (problem) { complain(problem.message); }
  target.disabled = false;
  await look();
  $("news").parentElement.scrollTop = 0;
});
for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => {
  document.body.dataset.tab = button.dataset.tab;
  for (const each of document.querySelectorAll(".tabs button")) each.setAttribute("aria-current", each === button);
  $("channel").scrollTop = $("channel").scrollHeight;
});
document.addEventListener("keydown", ({ key, target }) => { if (key === "Enter" && target.tagName === "KBD") target.click(); });

// --- rows that go on beyond the edge -------------------------------------------------------------

function hintScroll(row) {
  row.classList.toggle("more", row.scrollWidth - row.clientWidth - row.scrollLeft > 4);
}
for (const id of ["buttons", "chips", "webkeys", "keys"]) {
  const hint = () => hintScroll($(id));
  $(id).addEventListener("scroll", hint, { passive: true });
  new ResizeObserver(hint).observe($(id));
  new MutationObserver(hint).observe($(id), { childList: true });
}

look().then(speak);
setInterval(look, POLL_MS);
