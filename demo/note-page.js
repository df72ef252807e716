// @ts-check
// Shows on the page what the program logs to the console.
const lines = /** @type {HTMLElement} */ (document.getElementById("console"));
const write = console.log;
console.log = (...values) => {
  write(...values);
  const line = document.createElement("li");
  line.textContent = values.join(" ");
  lines.prepend(line);
  if (lines.children.length > 200) lines.lastElementChild?.remove();
};
