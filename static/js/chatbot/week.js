// A week of hours as plain values: windows in, half hours out and back. Knows no page.
export const DAY = 1440;
export const SLOT = 30;

/** Minutes of "HH:MM"; "24:00" is the end of the day. */
export function minutes(text) {
  const [hour, minute] = text.split(":").map(Number);
  return hour * 60 + minute;
}

export function clock(minute) {
  const pad = (number) => String(number).padStart(2, "0");
  return `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
}

/** Whether a window of [start, end] runs into the next day. */
export function crosses({ start, end }) {
  return minutes(end) <= minutes(start) && end !== "24:00";
}

/** The minutes that each day shows, those that run into it from the day before included. */
export function spans(week) {
  const found = Array.from({ length: 7 }, () => []);
  week.forEach((windows, day) => {
    for (const item of windows) {
      if (!item.start || !item.end || item.start === item.end) continue;
      const [from, to] = [minutes(item.start), minutes(item.end)];
      found[day].push([from, crosses(item) ? DAY : to]);
      if (crosses(item) && to > 0) found[(day + 1) % 7].push([0, to]);
    }
  });
  return found;
}

/** For each day, which of its 48 half hours the bot is awake in, at least in part. */
export function slots(week) {
  return spans(week).map((day) =>
    Array.from({ length: DAY / SLOT }, (_, slot) => day.some(([from, to]) => from < (slot + 1) * SLOT && to > slot * SLOT)),
  );
}

/** Windows with a stretch of minutes of one day added or taken away; what is left of others stays.
 *  A window that crosses midnight is cut there first, so that each day can be changed by itself. */
export function painted(week, day, from, to, awake) {
  const next = spans(week).map((items) => merged(items));
  const rest = next[day].flatMap(([start, end]) => [
    [start, Math.min(end, from)],
    [Math.max(start, to), end],
  ]);
  next[day] = merged([...rest.filter(([start, end]) => end > start), ...(awake ? [[from, to]] : [])]);
  return next.map((items) => items.map(([start, end]) => ({ start: clock(start), end: clock(end) })));
}

function merged(items) {
  const found = [];
  for (const [start, end] of [...items].sort((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([start, end]);
  }
  return found;
}
