// Draws the report's figures in the page's own colours, again when the theme changes.
const figures = JSON.parse(document.getElementById("report-charts").textContent);
const COLORS = { accent: "--accent", blue: "--blue", amber: "--amber-mark", green: "--green", red: "--red-solid", muted: "--text-3" };

const PAPER = 640; // as wide as a sheet of paper takes
const opened = new WeakSet();
let printing = false;

/** A colour variable as it is now, light on paper: light-dark() is resolved by an element that wears it. */
function color(name) {
  const probe = document.createElement("span");
  if (printing) probe.style.colorScheme = "light";
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function draw() {
  const text = color("--text-2");
  const line = color("--line");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, tickfont: { color: text } };
  for (const place of document.querySelectorAll("[data-chart]")) {
    const { data, layout } = figures[place.dataset.chart];
    const traces = data.map((trace) => {
      const own = trace.meta && COLORS[trace.meta] ? color(COLORS[trace.meta]) : null;
      return own ? { ...trace, marker: { ...trace.marker, color: own }, line: { ...trace.line, color: own } } : trace;
    });
    if (place.dataset.chart !== "funnel") traces.forEach((trace) => trace.type === "bar" && delete trace.line);
    const dressed = { ...layout, paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: text, family: getComputedStyle(document.body).fontFamily, size: 12 }, ...(printing ? { width: PAPER } : { autosize: true }), xaxis: { ...layout.xaxis, ...axis }, yaxis: { ...layout.yaxis, ...axis }, height: 300 };
    window.Plotly.react(place, traces, dressed, { displayModeBar: false, responsive: true, locale: document.documentElement.lang });
    if (!opened.has(place)) place.on?.("plotly_click", follow);
    opened.add(place);
  }
}

/** A point, a bar or a cell leads to the list behind it, where it has an address. */
function follow({ points }) {
  const [{ customdata }] = points;
  if (typeof customdata === "string") location.assign(customdata);
}

function setPrinting(value) {
  printing = value;
  draw();
}

addEventListener("load", draw);
addEventListener("beforeprint", () => setPrinting(true));
addEventListener("afterprint", () => setPrinting(false));
matchMedia("print").addEventListener("change", ({ matches }) => setPrinting(matches));
document.addEventListener("cloudchat:theme", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
