// Runs before the first paint: the device's colour and what can be read on it, as CSS properties.
(() => {
  const root = document.documentElement;

  const channel = (value) => {
    const part = value / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const light = (rgb) => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const css = (rgb) => `rgb(${rgb.map(Math.round).join(" ")})`;

  // Towards black or white until words in it can be read on that ground
  const readable = (rgb, ground, goal) => {
    let made = rgb;
    for (let step = 0; step < 20 && contrast(made, ground) < 4.6; step += 1) {
      made = made.map((value, at) => value + (goal[at] - value) * 0.12);
    }
    return css(made);
  };

  window.chatColor = (hex) => {
    if (!/^#[0-9a-f]{6}$/i.test(hex)) return;
    const color = parts(hex);
    const white = [255, 255, 255];
    const black = [0, 0, 0];
    const on = contrast(color, white) >= 4.5 || contrast(color, white) > contrast(color, black) ? white : black;
    const set = (name, value) => root.style.setProperty(name, value);
    set("--chat", css(color));
    set("--on-chat", css(on));
    set("--chat-ink-light", readable(color, [242, 245, 245], black));
    set("--chat-ink-dark", readable(color, [34, 42, 43], white));
  };
  window.chatColor(root.dataset.color || "");
})();
