/* global ResilientEventSource */

const source = new ResilientEventSource("/stream/prices", { backoff: { startingDelay: 100 } });
source.addEventListener("price", (event) => {
  document.querySelector("#prices").textContent += ` ${JSON.parse(event.data).eur}`;
});
