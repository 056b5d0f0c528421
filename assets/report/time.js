"use strict";
// Instants of simulated time as people read them, and distances of ticks that fall on whole minutes and hours.
// biome-ignore lint/correctness/noUnusedVariables: the scripts of the page share one scope.
const time = (() => {
  const MINUTE = 60;
  const HOUR = 3600;
  const DAY = 86400;
  const two = (value) => String(value).padStart(2, "0");
  function clock(seconds) {
    const whole = Math.floor(seconds);
    const days = Math.floor(whole / DAY);
    const rest = `${two(Math.floor((whole % DAY) / HOUR))}:${two(Math.floor((whole % HOUR) / MINUTE))}:${two(whole % MINUTE)}`;
    return days > 0 ? `${days}d${rest}` : rest;
  }
  function tick(seconds, step) {
    const days = Math.floor(seconds / DAY);
    const hours = Math.floor((seconds % DAY) / HOUR);
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    if (step >= DAY) return `${days}d`;
    if (seconds % DAY === 0 && days > 0) return `${days}d`;
    const day = days > 0 ? `${days}d ` : "";
    if (step >= MINUTE) return `${day}${two(hours)}:${two(minutes)}`;
    return `${day}${two(hours)}:${two(minutes)}:${two(Math.floor(seconds % MINUTE))}`;
  }
  const steps = [1, 2, 5, 10, 15, 30];
  const increments = [
    ...steps,
    ...steps.map((step) => step * MINUTE),
    ...[1, 2, 3, 6, 12].map((step) => step * HOUR),
    ...[1, 2, 5, 10, 30, 100].map((step) => step * DAY),
  ];
  /** Three digits below a thousand, whole above. */
  function short(value) {
    if (value === null || value === undefined) return "–";
    if (Number.isInteger(value)) return String(value);
    const size = Math.abs(value);
    if (size >= 100) return String(Math.round(value));
    return String(Number(value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)));
  }
  return { clock, tick, increments, short };
})();
