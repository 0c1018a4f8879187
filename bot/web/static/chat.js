// Makes the chat feel like a messenger; without it the page still works as a plain form.
(() => {
  const page = document.getElementById("chat");
  const talk = document.getElementById("talk");
  const form = document.getElementById("write");
  const picture = document.getElementById("picture");
  const field = form.querySelector("textarea");
  const choices = document.getElementById("choices");
  const state = document.getElementById("state");
  const shop = page.dataset.shop;
  let last = Number(page.dataset.last);
  const seen = new Set([...talk.querySelectorAll("[data-line]")].map((one) => one.dataset.line));

  const make = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  };

  const clock = (at) =>
    new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

  const bubble = (line) => {
    const made = make("li", `line ${line.side}`);
    made.dataset.line = line.id;
    if (line.name) made.append(make("span", "who", line.name));
    for (const row of line.rows) {
      const paragraph = make("p");
      for (const piece of row) {
        if (paragraph.childNodes.length) paragraph.append(" ");
        if (piece.url) {
          const link = make("a", "", page.dataset.open);
          link.href = piece.url;
          link.rel = "noreferrer noopener";
          paragraph.append(link);
        } else {
          paragraph.append(piece.words);
        }
      }
      made.append(paragraph);
    }
    const time = make("time", "", clock(line.at));
    time.dateTime = line.at;
    made.append(time);
    return made;
  };

  const show = (told) => {
    for (const line of told.lines) {
      last = Math.max(last, line.id);
      if (seen.has(String(line.id))) continue;
      seen.add(String(line.id));
      talk.append(bubble(line));
    }
    if (told.buttons) choices.replaceChildren(
      ...told.buttons.map((one) => {
        const made = make("button", "choice", one.label);
        made.type = "submit";
        made.name = "pressed";
        made.value = one.key;
        return made;
      }),
    );
    talk.scrollTop = talk.scrollHeight;
  };

  // Enough of a photo that is too large to hear that it is.
  const PHOTO_BYTES = 8 * 1024 * 1024 + 1;
  const post = ({ photo, ...words }) =>
    photo
      ? fetch(`${picture.action}&id=${words.id}`, {
          method: "POST",
          headers: { "Content-Type": "application/octet-stream" },
          body: photo.slice(0, PHOTO_BYTES),
        })
      : fetch(form.action, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(words),
        });

  const waiting = [];
  let busy = false;
  const send = async () => {
    if (busy || !waiting.length) return;
    busy = true;
    talk.classList.add("thinking");
    try {
      const answer = await post(waiting[0]);
      const told = await answer.json();
      if (answer.status >= 500) throw new Error(told.problem);
      waiting.shift();
      state.textContent = answer.ok ? "" : told.problem;
      if (answer.ok) show(told);
    } catch {
      // The same message goes out again under the same id, so it is heard once.
      state.textContent = page.dataset.offline;
      setTimeout(() => { busy = false; send(); }, 3000);
      return;
    } finally {
      talk.classList.remove("thinking");
    }
    busy = false;
    send();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = event.submitter && event.submitter.name === "pressed" ? event.submitter.value : "";
    const text = pressed ? "" : field.value.trim();
    if (!pressed && !text) return;
    if (!pressed) field.value = "";
    field.style.height = "";
    waiting.push({ id: crypto.randomUUID(), text, pressed });
    send();
  });
  const photos = picture.querySelector("input[type=file]");
  picture.querySelector("button").hidden = true;
  photos.addEventListener("change", () => {
    for (const photo of photos.files) waiting.push({ id: crypto.randomUUID(), photo });
    photos.value = "";
    send();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  field.addEventListener("input", () => {
    field.style.height = "";
    field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
  });

  for (const time of talk.querySelectorAll("time")) time.textContent = clock(time.dateTime);
  talk.scrollTo({ top: talk.scrollHeight, behavior: "instant" });

  const listen = () => {
    const stream = new EventSource(`/chat/events?shop=${shop}&after=${last}`);
    stream.onmessage = (event) => show(JSON.parse(event.data));
    stream.onerror = () => {
      stream.close();
      setTimeout(listen, 4000);
    };
  };
  listen();
})();
