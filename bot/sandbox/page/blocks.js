// Slack's blocks as DOM nodes. Text is only ever set as text: nothing here can become markup.
"use strict";

const el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
};

const EMOJI = { white_check_mark: "✅", warning: "⚠️", rotating_light: "🚨", package: "📦", truck: "🚚",
  x: "❌", red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", no_entry: "⛔",
  hourglass: "⏳", hourglass_flowing_sand: "⏳", eyes: "👀", speech_balloon: "💬", bell: "🔔",
  leftwards_arrow_with_hook: "↩️", moneybag: "💰", pause_button: "⏸️", zzz: "💤", wave: "👋",
  house: "🏠", bust_in_silhouette: "👤", lock: "🔒", octagonal_sign: "🛑", link: "🔗" };

const unescaped = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const emoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] ?? all);

function dateWords(stamp, format, fallback) {
  const at = new Date(Number(stamp) * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const say = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", ...options }).format(at);
  const day = { weekday: "short", day: "numeric", month: "short" };
  return format.replace(/\{(\w+)\}/g, (_, name) =>
    name.startsWith("time") ? say({ hour: "2-digit", minute: "2-digit" })
      : name === "date_num" ? say({ year: "numeric", month: "2-digit", day: "2-digit" }) : say(day));
}

function special(inside, names) {
  const [target, words] = inside.split("|");
  if (target[0] === "@") return el("span", { className: "mention" }, "@" + (names[target.slice(1)] ?? target.slice(1)));
  if (target[0] === "#") return el("span", { className: "mention" }, "#" + (words || names[target.slice(1)] || "orders"));
  if (target.startsWith("!date^")) {
    const [, stamp, format, link] = target.split("^");
    const said = dateWords(stamp, format, words ?? "");
    return link ? el("a", { href: link, target: "_blank", rel: "noreferrer" }, said) : el("span", {}, said);
  }
  if (target[0] === "!") return el("span", { className: "mention" }, "@" + target.slice(1));
  const safe = /^(https?:|mailto:|tel:)/.test(target);
  return safe ? el("a", { href: unescaped(target), target: "_blank", rel: "noreferrer" }, unescaped(words ?? target))
    : el("span", {}, unescaped(words ?? target));
}

const STYLES = [[/^\*(\S(?:[^*\n]*\S)?)\*/, "b"], [/^_(\S(?:[^_\n]*\S)?)_/, "i"], [/^~(\S(?:[^~\n]*\S)?)~/, "s"]];

function inline(text, names) {
  const out = [];
  let plain = "";
  const flush = () => { if (plain) out.push(emoji(unescaped(plain))); plain = ""; };
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const code = rest.match(/^`([^`\n]+)`/);
    const angle = rest.match(/^<([^<>\n]+)>/);
    const before = text[at - 1];
    const style = (!before || /[\s(>“"–—·:]/.test(before)) && STYLES.map(([shape, tag]) => [rest.match(shape), tag]).find(([hit]) => hit);
    if (code) { flush(); out.push(el("code", {}, unescaped(code[1]))); at += code[0].length; }
    else if (angle) { flush(); out.push(special(angle[1], names)); at += angle[0].length; }
    else if (style) { flush(); out.push(el(style[1], {}, inline(style[0][1], names))); at += style[0][0].length; }
    else { plain += text[at]; at += 1; }
  }
  flush();
  return out;
}

function mrkdwn(text, names) {
  const out = [];
  for (const [n, part] of text.split("```").entries()) {
    if (n % 2) { out.push(el("pre", {}, unescaped(part.replace(/^\n|\n$/g, "")))); continue; }
    part.split("\n").forEach((line, row) => {
      if (/^(&gt;|>)/.test(line)) { out.push(el("blockquote", {}, inline(line.replace(/^(&gt;|>)\s?/, ""), names))); return; }
      if (row && out.at(-1)?.tagName !== "BLOCKQUOTE") out.push(el("br"));
      out.push(...inline(line, names));
    });
  }
  return out;
}

const words = (object, names) => !object ? []
  : object.type === "mrkdwn" ? mrkdwn(object.text, names) : [emoji(object.text)];

function rich(element, names) {
  if (element.type === "text") {
    const { bold, italic, strike, code } = element.style ?? {};
    let node = document.createTextNode(element.text);
    for (const [on, tag] of [[code, "code"], [bold, "b"], [italic, "i"], [strike, "s"]]) if (on) node = el(tag, {}, node);
    return node;
  }
  if (element.type === "link") return el("a", { href: element.url, target: "_blank", rel: "noreferrer" }, element.text ?? element.url);
  if (element.type === "user") return el("span", { className: "mention" }, "@" + (names[element.user_id] ?? element.user_id));
  if (element.type === "emoji") return EMOJI[element.name] ?? `:${element.name}:`;
  if (element.type === "rich_text_list") return el("ul", {}, element.elements.map((item) => el("li", {}, rich(item, names))));
  if (element.type === "rich_text_quote") return el("blockquote", {}, element.elements.map((each) => rich(each, names)));
  if (element.type === "rich_text_preformatted") return el("pre", {}, element.elements.map((each) => rich(each, names)));
  return el("span", {}, (element.elements ?? []).map((each) => rich(each, names)));
}

function control(element, block, act) {
  if (element.type === "button") {
    const press = async () => {
      if (element.url) window.open(element.url, "_blank", "noreferrer");
      const ask = element.confirm;
      if (ask && !window.confirm(`${ask.title.text}\n\n${ask.text.text}`)) return;
      await act("click", { button: element.action_id, block_id: block.block_id });
    };
    return el("button", { type: "button", className: element.style ?? "", onclick: press }, emoji(element.text.text));
  }
  if (element.options || element.option_groups) {
    const options = element.options ?? element.option_groups.flatMap((group) => group.options);
    const pick = (event) => { act("choose", { field: element.action_id, choice: event.target.value, block_id: block.block_id }); event.target.selectedIndex = 0; };
    const first = element.type === "overflow" ? "⋯" : element.placeholder?.text ?? "Choose …";
    return el("select", { onchange: pick, "aria-label": first }, el("option", { value: "" }, first),
      options.map((option) => el("option", { value: option.value }, option.text.text)));
  }
  return el("span", { className: "quiet" }, element.type);
}

// `act(name, arguments)` does what a person does to an element of these blocks.
function drawBlock(block, names, act) {
  const box = el("div", { className: "block " + block.type });
  if (block.type === "header") box.append(...words(block.text, names));
  else if (block.type === "divider") box.append(el("hr"));
  else if (block.type === "context") box.append(...block.elements.map((each) => el("span", {}, each.image_url ? "" : words(each, names))));
  else if (block.type === "actions") box.append(...block.elements.map((each) => control(each, block, act)));
  else if (block.type === "rich_text") box.append(...block.elements.map((each) => rich(each, names)));
  else if (block.type === "markdown") box.append(...mrkdwn(block.text, names));
  else if (block.type === "section") {
    const said = el("div", { className: "said" }, words(block.text, names));
    if (block.fields) said.append(el("div", { className: "fields" }, block.fields.map((each) => el("div", {}, words(each, names)))));
    box.append(said);
    if (block.accessory) box.append(control(block.accessory, block, act));
  } else box.append(el("span", { className: "quiet" }, block.alt_text ?? block.type));
  return box;
}

// One question of a modal, and how to read what was entered.
function drawInput(block, values, error) {
  const element = block.element;
  const id = "i-" + block.block_id;
  const before = values?.[block.block_id]?.[element.action_id] ?? {};
  const [node, read] = inputOf(element, id, before);
  const field = el("div", { className: "field" }, el("label", { htmlFor: id }, block.label.text), node);
  if (block.hint) field.append(el("small", {}, block.hint.text));
  if (error) field.append(el("small", { className: "wrong", role: "alert" }, error));
  return [field, read];
}

function inputOf(element, id, before) {
  const options = element.options ?? element.option_groups?.flatMap((group) => group.options) ?? [];
  if (element.type === "plain_text_input" || element.type === "email_text_input" || element.type === "number_input") {
    const value = before.value ?? element.initial_value ?? "";
    const placeholder = element.placeholder?.text ?? "";
    const node = element.multiline ? el("textarea", { id, value, placeholder, rows: 3 })
      : el("input", { id, value, placeholder, type: element.type === "number_input" ? "number" : "text", step: "any" });
    return [node, () => node.value === "" ? null : node.value];
  }
  if (element.type === "static_select" || element.type === "external_select") {
    const chosen = before.selected_option?.value ?? element.initial_option?.value ?? "";
    const node = el("select", { id }, el("option", { value: "" }, element.placeholder?.text ?? "Choose …"),
      options.map((each) => el("option", { value: each.value, selected: each.value === chosen }, each.text.text)));
    return [node, () => node.value || null];
  }
  if (element.type === "checkboxes" || element.type === "radio_buttons" || element.type === "multi_static_select") {
    const one = element.type === "radio_buttons";
    const first = one ? [before.selected_option ?? element.initial_option] : before.selected_options ?? element.initial_options ?? [];
    const boxes = options.map((each) => el("input", { type: one ? "radio" : "checkbox", name: id, value: each.value,
      checked: first.some((chosen) => chosen?.value === each.value) }));
    const node = el("div", { id }, options.map((each, n) => el("label", { className: "choice" }, boxes[n], each.text.text)));
    return [node, () => { const on = boxes.filter((box) => box.checked).map((box) => box.value); return one ? on[0] ?? null : on; }];
  }
  if (element.type === "datepicker" || element.type === "timepicker") {
    const value = before.selected_date ?? before.selected_time ?? element.initial_date ?? element.initial_time ?? "";
    const node = el("input", { id, value, type: element.type === "datepicker" ? "date" : "time" });
    return [node, () => node.value || null];
  }
  if (element.type === "datetimepicker") {
    const stamp = before.selected_date_time ?? element.initial_date_time;
    const local = stamp ? new Date(stamp * 1000 - new Date(stamp * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "";
    const node = el("input", { id, type: "datetime-local", value: local });
    return [node, () => node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null];
  }
  return [el("span", { className: "quiet", id }, element.type), () => null];
}
