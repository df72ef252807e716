import { json } from "resilient-eventsource";
import { useEventSource } from "resilient-eventsource/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

function Prices() {
  const [prices, setPrices] = useState([]);
  const { state } = useEventSource("/stream/prices", {
    backoff: { startingDelay: 100 },
    events: { price: json() },
    on: { price: ({ eur }) => setPrices((prices) => [...prices, eur]) },
  });
  return (
    <>
      <output id="status">{state.status}</output>
      <output id="prices">{prices.join(" ")}</output>
    </>
  );
}

createRoot(document.querySelector("main")).render(
  <StrictMode>
    <Prices />
  </StrictMode>,
);
