export function show(price) {
  document.querySelector("#prices").textContent += ` ${price}`;
}
