// Runs before the first paint, so that theme, sidebar and panel do not flash into place.
(() => {
  const root = document.documentElement;
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is switched off: the defaults hold
    }
  };
  const theme = read("cloudchat.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (read("cloudchat.sidebar") === "collapsed") root.dataset.sidebar = "collapsed";
  const roomForPanel = matchMedia("(min-width: 1100px)").matches;
  root.dataset.panel = roomForPanel && read("cloudchat.panel") !== "closed" ? "open" : "closed";
})();
