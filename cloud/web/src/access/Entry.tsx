import { Alert, Stack, Title } from "@mantine/core";
import { type ReactNode, useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { HelpButton, HelpWindow } from "../help/HelpWindow";
import type { PageKey } from "../help/pages";
import { Logo } from "../ui/icons";
import { Language } from "../ui/Language";
import "./access.css";

/** What stands around a page of who has not come in. */
export function Entry({
  title,
  children,
  wide = false,
  help,
}: {
  title?: string;
  children: ReactNode;
  wide?: boolean;
  /** What is on the screen, when its address does not say. */
  help?: PageKey;
}) {
  const { t } = useTranslation();
  const [helped, setHelped] = useState(false);
  const close = useCallback(() => setHelped(false), []);
  return (
    <main className="entry">
      <Stack w="100%" maw={wide ? 440 : 360} gap="md">
        {title ? (
          <>
            <div className="brand">
              <Logo size={24} /> {t("product")}
            </div>
            <Title order={1}>{title}</Title>
          </>
        ) : (
          <Title order={1} style={{ display: "flex", alignItems: "center", gap: 10 }}>
            <Logo size={28} /> {t("product")}
          </Title>
        )}
        {children}
        <div style={{ display: "flex", alignItems: "center", gap: 8, marginTop: 8 }}>
          <Language />
          <HelpButton onClick={() => setHelped(true)} />
        </div>
      </Stack>
      <HelpWindow opened={helped} onClose={close} outside page={help} />
    </main>
  );
}

/** A sentence about what came of it. */
export function Said({ children, alert = true }: { children: ReactNode; alert?: boolean }) {
  return (
    <Alert color="gray" variant="outline" role={alert ? "alert" : "status"}>
      {children}
    </Alert>
  );
}
