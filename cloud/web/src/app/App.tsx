import type { Transport } from "@connectrpc/connect";
import { TransportProvider } from "@connectrpc/connect-query";
import { Loader, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Route, Routes } from "react-router";
import { Profile } from "../access/Profile";
import { SignIn } from "../access/SignIn";
import { SessionProvider, useWhoAmI } from "../access/session";
import { AgentsPage } from "../agents/AgentsPage";
import { DecisionsPage } from "../decisions/DecisionsPage";
import { ThresholdsPage } from "../fleet/ThresholdsPage";
import { TillPage } from "../fleet/TillPage";
import { TillsPage } from "../fleet/TillsPage";
import { Nothing, Unread } from "../ui/Nothing";
import { RolloutPage, UpdatesPage } from "../updates/UpdatesPage";
import { Frame } from "./Frame";
import { theme } from "./theme";
import { troubleOf } from "./transport";

/** Read when the first document is opened: it brings its own styles and what it draws slips with. */
const DocumentPage = lazy(() => import("../documents/DocumentPage"));
const SearchPage = lazy(() => import("../documents/SearchPage"));
const HomePage = lazy(() => import("../home/HomePage"));

/** The whole application but its router, so that tests give their own. */
export function App({ transport, queries }: { transport: Transport; queries: QueryClient }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <TransportProvider transport={transport}>
        <QueryClientProvider client={queries}>
          <Notifications position="bottom-right" />
          <Door />
        </QueryClientProvider>
      </TransportProvider>
    </MantineProvider>
  );
}

function Door() {
  const { t } = useTranslation();
  const who = useWhoAmI();
  if (who.isPending) {
    return (
      <main style={{ minHeight: "100dvh", display: "grid", placeItems: "center" }}>
        <Loader aria-label={t("loading")} />
      </main>
    );
  }
  const signedOut = who.error !== null && troubleOf(who.error) === "signedout";
  // A cabinet that fell silent after it told who is here takes nothing off the screen.
  if (who.error && !signedOut && !who.data) {
    return (
      <main style={{ padding: 16, maxWidth: 720, margin: "10vh auto" }}>
        <Unread error={who.error} onRetry={() => void who.refetch()} />
      </main>
    );
  }
  if (signedOut || !who.data?.person) return <SignIn />;
  return (
    <SessionProvider person={who.data.person}>
      <Routes>
        <Route element={<Frame />}>
          <Route index element={<Navigate to="/tills" replace />} />
          <Route path="/tills" element={<TillsPage />} />
          <Route path="/tills/:id/*" element={<TillPage />} />
          <Route
            path="/tills/:id/documents/:fn/:fd"
            element={
              <Suspense fallback={<Loader aria-label={t("loading")} />}>
                <DocumentPage />
              </Suspense>
            }
          />
          <Route
            path="/home"
            element={
              <Suspense fallback={<Loader aria-label={t("loading")} />}>
                <HomePage />
              </Suspense>
            }
          />
          <Route
            path="/documents"
            element={
              <Suspense fallback={<Loader aria-label={t("loading")} />}>
                <SearchPage />
              </Suspense>
            }
          />
          <Route path="/thresholds" element={<ThresholdsPage />} />
          <Route path="/decisions" element={<DecisionsPage />} />
          <Route path="/agents" element={<AgentsPage />} />
          <Route path="/updates" element={<UpdatesPage />} />
          <Route path="/updates/:id" element={<RolloutPage />} />
          <Route path="/profile" element={<Profile />} />
          <Route path="*" element={<Nothing title={t("nopage.title")} text={t("nopage.text")} />} />
        </Route>
      </Routes>
    </SessionProvider>
  );
}
