import type { Transport } from "@connectrpc/connect";
import { TransportProvider } from "@connectrpc/connect-query";
import { Loader, MantineProvider } from "@mantine/core";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Route, Routes } from "react-router";
import { useAsked } from "../access/proof";
import { SessionProvider, useWhoAmI } from "../access/session";
import { speaking } from "../ui/later";
import { Nothing, Unread } from "../ui/Nothing";
import { Frame } from "./Frame";
import { OUTSIDE, PAGES } from "./pages";
import { theme } from "./theme";
import { troubleOf } from "./transport";

/** The whole application but its router, so that tests give their own. */
export function App({ transport, queries }: { transport: Transport; queries: QueryClient }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <TransportProvider transport={transport}>
        <QueryClientProvider client={queries}>
          <Suspense fallback={null}>
            <Notices />
          </Suspense>
          <Prover />
          <Routes>
            {OUTSIDE.map(({ path, Content }) => (
              <Route
                key={path}
                path={path}
                element={
                  <Soon>
                    <Content />
                  </Soon>
                }
              />
            ))}
            <Route path="*" element={<Door />} />
          </Routes>
        </QueryClientProvider>
      </TransportProvider>
    </MantineProvider>
  );
}

// What not everybody sees at once is read after the page.
const Notices = lazy(() => import("./Notices"));
const ProveDialog = speaking(() => import("../access/ProveDialog"));
const SignIn = speaking(() => import("../access/SignIn"));
const Dues = speaking(() => import("../access/Dues"));

/** The window that asks for proof, read when somebody is asked for the first time. */
function Prover() {
  const asked = useAsked() !== undefined;
  const [ever, setEver] = useState(false);
  if (asked && !ever) setEver(true);
  return <Suspense fallback={null}>{ever && <ProveDialog />}</Suspense>;
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <main style={{ minHeight: "100dvh", display: "grid", placeItems: "center" }}>
      <Loader aria-label={t("loading")} />
    </main>
  );
}

function Soon({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Waiting />}>{children}</Suspense>;
}

function Door() {
  const { t } = useTranslation();
  const who = useWhoAmI();
  if (who.isPending) return <Waiting />;
  const signedOut = who.error !== null && troubleOf(who.error) === "signedout";
  // A cabinet that fell silent after it told who is here takes nothing off the screen.
  if (who.error && !signedOut && !who.data) {
    return (
      <main style={{ padding: 16, maxWidth: 720, margin: "10vh auto" }}>
        <Unread error={who.error} onRetry={() => void who.refetch()} />
      </main>
    );
  }
  if (signedOut || !who.data?.person) {
    return (
      <Soon>
        <SignIn />
      </Soon>
    );
  }
  const { standing } = who.data;
  if (standing?.termsDue || standing?.factorDue) {
    return (
      <SessionProvider person={who.data.person}>
        <Soon>
          <Dues standing={standing} />
        </Soon>
      </SessionProvider>
    );
  }
  return (
    <SessionProvider person={who.data.person}>
      <Routes>
        <Route element={<Frame />}>
          {PAGES.map(({ path, Content }) => (
            <Route key={path} path={path} element={<Content />} />
          ))}
          <Route path="*" element={<Nothing title={t("nopage.title")} text={t("nopage.text")} />} />
        </Route>
      </Routes>
    </SessionProvider>
  );
}
