// The hours of a bot: one week in memory, shown as a grid and as a form; both change it.
import { api, attempt } from "../api.js";
import { addTexts, t } from "../i18n.js";
import { icon } from "../icon.js";
import { toast } from "../toast.js";
import { bindGrid, paint } from "./grid.js";
import { crosses, painted } from "./week.js";

const page = document.querySelector("[data-hours]");
const readOnly = page.hasAttribute("data-read-only");
const bot = `/api/app/chatbot/bots/${page.dataset.bot}`;
addTexts(JSON.parse(document.getElementById("hours-texts").textContent));

let week = Array.from({ length: 7 }, () => []);
for (const item of JSON.parse(document.getElementById("hours-week").textContent)) {
  if (item.is_active) week[item.day_of_week].push({ start: item.start_time, end: item.end_time });
}
let dirty = false;

function show() {
  paint(page, week);
  for (const row of page.querySelectorAll("[data-day-row]")) showDay(row, week[Number(row.dataset.dayRow)]);
}

function showDay(row, windows) {
  const name = row.querySelector(".day-name").textContent;
  const place = row.querySelector("[data-windows]");
  place.replaceChildren(...windows.map((item, at) => windowRow(item, at, name)));
  if (!windows.length) {
    const rests = document.createElement("span");
    rests.className = "meta";
    rests.textContent = t("hours.rests");
    place.append(rests);
  }
}

function windowRow(item, at, day) {
  const row = document.createElement("div");
  row.className = "cluster window-row";
  row.dataset.window = at;
  row.append(timeField(item, "start", day), "–", timeField(item, "end", day));
  if (crosses(item)) {
    const note = document.createElement("span");
    note.className = "meta";
    note.textContent = t("hours.next_day");
    row.append(note);
  }
  if (!readOnly) {
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "btn btn-ghost btn-sm btn-icon", title: t("hours.remove") });
    remove.setAttribute("aria-label", `${t("hours.remove")}: ${day} ${item.start}–${item.end}`);
    remove.dataset.windowRemove = "";
    remove.append(icon("x", 16));
    row.append(remove);
  }
  return row;
}

function timeField(item, name, day) {
  const field = document.createElement("input");
  Object.assign(field, { className: "form-control", type: "time", step: 60, required: true });
  field.value = item[name] === "24:00" ? "00:00" : item[name];
  field.dataset.time = name;
  field.disabled = readOnly;
  field.setAttribute("aria-label", `${day}: ${name === "start" ? t("hours.from") : t("hours.to")}`);
  return field;
}

function changed(next) {
  week = next;
  dirty = true;
  page.querySelector("[data-hours-state]").textContent = t("hours.changed");
  show();
}

function dayOf(element) {
  return Number(element.closest("[data-day-row]").dataset.dayRow);
}

function fail(text) {
  const place = page.querySelector("[data-hours-error]");
  place.textContent = text;
  place.hidden = !text;
}

page.addEventListener("change", (event) => {
  const name = event.target.dataset.time;
  if (!name) return;
  const windows = week[dayOf(event.target)];
  const item = windows[Number(event.target.closest("[data-window]").dataset.window)];
  // Midnight as an end is the end of the day
  item[name] = name === "end" && event.target.value === "00:00" ? "24:00" : event.target.value;
  fail(item.start === item.end ? t("hours.same") : "");
  dirty = true;
  page.querySelector("[data-hours-state]").textContent = t("hours.changed");
  paint(page, week);
});

page.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const next = week.map((windows) => windows.map((item) => ({ ...item })));
  if ("windowAdd" in button.dataset) {
    const day = dayOf(button);
    next[day].push({ start: "08:00", end: "17:00" });
    changed(next);
    page.querySelector(`[data-day-row="${day}"] [data-window]:last-child input`).focus();
  } else if ("windowRemove" in button.dataset) {
    const day = dayOf(button);
    next[day].splice(Number(button.closest("[data-window]").dataset.window), 1);
    changed(next);
    page.querySelector(`[data-day-row="${day}"] [data-window-add]`).focus();
  } else if ("dayCopy" in button.dataset) {
    const before = week;
    const source = week[dayOf(button)];
    changed(week.map(() => source.map((item) => ({ ...item }))));
    toast(t("hours.copied"), { action: { label: t("undo"), run: () => changed(before) } });
  } else if ("hoursSave" in button.dataset) {
    save();
  }
});

async function save() {
  const windows = week.flatMap((items, day) =>
    items.map((item) => ({ day_of_week: day, start_time: item.start, end_time: item.end })),
  );
  fail("");
  try {
    await api("PUT", `${bot}/schedules`, { windows });
    dirty = false;
    page.querySelector("[data-hours-state]").textContent = t("hours.saved");
    document.getElementById("at-moment").dispatchEvent(new Event("change", { bubbles: true }));
  } catch (error) {
    fail(Object.values(error.fields ?? {})[0]?.[0] ?? error.message);
  }
}

page.querySelector("[data-hours-enabled]")?.addEventListener("change", ({ target }) =>
  attempt(() => api("PUT", bot, { schedule_enabled: target.checked }), {
    rollback: () => (target.checked = !target.checked),
  }),
);

// --- dates that differ: few and rare, so the page is loaded again -----------------------------------

async function setDate(body, form = null) {
  try {
    await api("POST", `${bot}/exceptions`, body);
    location.reload();
  } catch (error) {
    const text = Object.values(error.fields ?? {})[0]?.[0] ?? error.message;
    toast(text, { kind: "danger" });
    form?.querySelector("input").focus();
  }
}

page.querySelector("[data-exception-form]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const { date, name, start, end } = Object.fromEntries(new FormData(event.target));
  const windows = start || end ? [[start || "00:00", !end || end === "00:00" ? "24:00" : end]] : [];
  setDate({ date, name, windows }, event.target);
});

page.addEventListener("click", (event) => {
  const holiday = event.target.closest("[data-holiday]");
  if (holiday) setDate({ date: holiday.dataset.holiday, name: holiday.dataset.holidayName, windows: [] });
  const gone = event.target.closest("[data-exception-delete]");
  if (gone) {
    attempt(async () => {
      await api("DELETE", `/api/app/chatbot/exceptions/${gone.dataset.exceptionDelete}`);
      gone.closest("li").remove();
      toast(t("hours.date_deleted"));
    });
  }
});

window.addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

if (!readOnly) bindGrid(page, (day, from, to, awake) => changed(painted(week, day, from, to, awake)));
show();
