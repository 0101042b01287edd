// Times in the organization's zone and the page's language, kept fresh: <time datetime data-time="short">.
import { locale, t } from "./i18n.js";

const zone = document.documentElement.dataset.timezone || undefined;
const format = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayMonth = format({ day: "numeric", month: "short" });
const dayMonthYear = format({ day: "numeric", month: "short", year: "numeric" });
const weekdayDate = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const whole = format({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
// Sortable and free of the language: the calendar day in the zone
const calendar = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
const DAY = 86_400_000;

/** "just now", "5 min", "14.30", "yesterday 09.12", "23 Nov", "23 Nov 2025". */
export function shortTime(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  if (seconds > -60 && seconds < 60) return t("time.now");
  if (seconds > 0 && seconds < 3600) return t("time.minutes", { count: Math.floor(seconds / 60) });
  const day = calendar.format(date);
  if (day === calendar.format(now)) return clock.format(date);
  if (day === calendar.format(new Date(now - DAY))) return t("time.yesterday", { time: clock.format(date) });
  return (day.slice(0, 4) === calendar.format(now).slice(0, 4) ? dayMonth : dayMonthYear).format(date);
}

/** "14.30" */
export const clockTime = (date) => clock.format(date);

/** "Senin, 23 November 2026" */
export const dayName = (date) => weekdayDate.format(date);

/** "2026-11-23": equal for two moments of one day in the organization's zone. */
export const dayKey = (date) => calendar.format(date);

/** Everything, for the hover. */
export const fullTime = (date) => whole.format(date);

const DAYS_FROM = 48 * 60; // minutes

/** How long ago, for what goes on: "<1 min", "12 min", "1 h 5 min", "3 d". */
export function elapsed(date, now = new Date()) {
  const minutes = Math.max(0, Math.floor((now - date) / 60_000));
  if (minutes < 60) return minutes ? t("time.minutes", { count: minutes }) : t("time.under_a_minute");
  if (minutes >= DAYS_FROM) return t("time.days", { count: Math.floor(minutes / 1440) });
  return t("time.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

const STYLES = { short: shortTime, clock: clockTime, day: dayName, full: fullTime, since: elapsed };

/** Write the words of all <time data-time> in a part of the page. */
export function refreshTimes(root = document) {
  const now = new Date();
  const list = [...(root.querySelectorAll?.("time[data-time]") ?? [])];
  if (root.matches?.("time[data-time]")) list.push(root);
  for (const element of list) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const text = (STYLES[element.dataset.time] || shortTime)(date, now);
    if (element.textContent !== text) element.textContent = text;
    if (!element.title) element.title = fullTime(date);
  }
}

refreshTimes();
setInterval(() => document.hidden || refreshTimes(), 15_000);
document.addEventListener("visibilitychange", () => document.hidden || refreshTimes());
document.addEventListener("htmx:load", (event) => refreshTimes(event.target));
document.addEventListener("htmx:afterSettle", (event) => refreshTimes(event.target));
