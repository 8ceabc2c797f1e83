import "./mantine.css";
import "./app.css";
import { createConnectQueryKey } from "@connectrpc/connect-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { guarded } from "../access/guard";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { startDensity } from "../ui/density";
import { startWords } from "../words";
import { App } from "./App";
import { listenForOffer, reloadWhenGone, startWorker } from "./install";
import { keepAnswers } from "./kept";
import { queryClient } from "./queries";
import { shelf } from "./shelf";
import { cabinetTransport } from "./transport";

reloadWhenGone();
listenForOffer();
startDensity();
if (import.meta.env.PROD) startWorker();
await startWords();

const transport = guarded(cabinetTransport());
const whoAmI = createConnectQueryKey({
  schema: AccessService.method.whoAmI,
  transport,
  input: {},
  cardinality: "finite",
});
// Any call that hears "your session is over" asks who is there; the answer brings the sign-in page.
const queries = queryClient((client) => {
  if (client.getQueryState(whoAmI)?.status === "success") void client.resetQueries({ queryKey: whoAmI });
});
keepAnswers(queries, shelf());

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <BrowserRouter>
      <App transport={transport} queries={queries} />
    </BrowserRouter>
  </StrictMode>,
);
