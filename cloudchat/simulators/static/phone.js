// The customer's phone: shows the thread as the server renders it, sends through the control API.
const phone = document.getElementById("phone");
const { account, customer, name } = phone.dataset; // name: the provider's part of the addresses
const scroll = document.getElementById("scroll");
const text = document.getElementById("text");
const quoting = document.getElementById("quoting");
const attach = document.getElementById("attach");
const shown = new Map(); // bubble id -> the HTML that it was made from
let quoted = null;

const query = new URLSearchParams({ account, customer });
const clock = new Intl.DateTimeFormat("id", { hour: "2-digit", minute: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat("id", { weekday: "long", hour: "2-digit", minute: "2-digit" });

function fillTimes(root) {
  for (const time of root.querySelectorAll("time[data-at]")) {
    time.textContent = clock.format(new Date(time.dataset.at * 1000));
  }
}

let atEnd = true;
scroll.addEventListener("scroll", () => {
  atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
});
scroll.addEventListener("load", () => atEnd && toEnd(), true); // a picture got its height

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  atEnd = true;
}

// Only bubbles that changed are replaced: a playing voice message or an open list stays as it is.
function show(fresh) {
  const thread = document.getElementById("thread");
  const follow = atEnd;
  const ids = new Set();
  let previous = null;
  for (const bubble of [...fresh.children]) {
    const { id } = bubble.dataset;
    const html = bubble.outerHTML;
    ids.add(id);
    let present = thread.querySelector(`:scope > [data-id="${CSS.escape(id)}"]`);
    if (!present || (shown.get(id) !== html && !present.querySelector("dialog[open]"))) {
      fillTimes(bubble);
      if (present) present.replaceWith(bubble);
      present = bubble;
      shown.set(id, html);
    }
    const place = previous ? previous.nextElementSibling : thread.firstElementChild;
    if (place !== present) thread.insertBefore(present, place);
    previous = present;
  }
  for (const bubble of [...thread.children]) {
    if (!ids.has(bubble.dataset.id)) {
      shown.delete(bubble.dataset.id);
      bubble.remove();
    }
  }
  Object.assign(thread.dataset, fresh.dataset);
  if (follow) toEnd();
}

function showState() {
  const { typing, window: until } = document.getElementById("thread").dataset;
  phone.querySelector(".typing").hidden = typing !== "1";
  phone.querySelector(".number").hidden = typing === "1";
  const open = until * 1000 > Date.now();
  const note = document.getElementById("window-note");
  if (!note) return; // the channel knows no window
  note.textContent = open ? phone.dataset.open + dayAndClock.format(new Date(until * 1000)) : phone.dataset.shut;
  note.classList.toggle("shut", !open);
}

async function fragment(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content.firstElementChild;
}

let refreshing = false;
let again = false;
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const seen = document.visibilityState === "visible" ? "&seen=1" : "";
    show(await fragment(`/${name}/thread?${query}${seen}`));
    showState();
    document.getElementById("people").replaceWith(await fragment(`/${name}/people?${query}`));
  } catch (error) {
    console.warn(error); // the next event or the timer tries again
  }
  refreshing = false;
  if (again) {
    again = false;
    refresh();
  }
}

async function post(path, options) {
  const answer = await fetch(path, { method: "POST", ...options });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error?.message ?? `HTTP ${answer.status}`);
  return body;
}

async function send(message) {
  const problem = document.getElementById("problem");
  const body = { account, phone_number_id: account, from: customer, ...message };
  if (quoted && !body.reply_to) body.reply_to = quoted;
  try {
    await post(`/_control/${name}/messages`, { body: JSON.stringify(body) });
    problem.hidden = true;
    unquote();
    toEnd();
    return true;
  } catch (error) {
    problem.textContent = phone.dataset.failed + error.message;
    problem.hidden = false;
    return false;
  } finally {
    refresh();
  }
}

function kindOf(mime) {
  if (mime === "image/webp") return "sticker";
  if (["image/jpeg", "image/png"].includes(mime)) return "image";
  const family = mime.split("/")[0];
  return ["audio", "video"].includes(family) ? family : "document";
}

async function sendFile(file) {
  const form = new FormData();
  form.set("account", account);
  form.set("phone_number_id", account);
  form.set("file", file);
  const media = await post(`/_control/${name}/media`, { body: form });
  const caption = text.value.trim();
  const message = { type: kindOf(media.mime_type), media_id: media.id, filename: media.filename, caption };
  if (await send(message)) text.value = "";
}

function quote(id, preview) {
  quoted = id;
  quoting.firstElementChild.textContent = preview;
  quoting.hidden = false;
  text.focus();
}

function unquote() {
  quoted = null;
  quoting.hidden = true;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!attach.contains(event.target)) attach.open = false;
  if (!button) return;
  if (button.dataset.send) {
    button.closest("dialog")?.close();
    attach.open = false;
    send(JSON.parse(button.dataset.send));
  } else if (button.dataset.quote) quote(button.dataset.quote, button.dataset.text);
  else if ("unquote" in button.dataset) unquote();
  else if ("menu" in button.dataset) button.nextElementSibling.showModal();
  else if ("close" in button.dataset) button.closest("dialog").close();
});

document.getElementById("file").addEventListener("change", async ({ target }) => {
  attach.open = false;
  for (const file of target.files) await sendFile(file);
  target.value = "";
});

document.getElementById("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = text.value.trim();
  if (!body) return;
  text.value = "";
  if (!(await send({ type: "text", text: body }))) text.value = body;
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

const narrow = matchMedia("(max-width: 760px)");
document.querySelector(".side").open = !narrow.matches;
for (const bubble of document.getElementById("thread").children) {
  shown.set(bubble.dataset.id, bubble.outerHTML);
}
fillTimes(document);
showState();
toEnd();
refresh();
new EventSource("/events").addEventListener("message", refresh);
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, 10000); // the typing hint and the window end by themselves
