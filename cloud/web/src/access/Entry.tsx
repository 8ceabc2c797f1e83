import { Alert, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Logo } from "../ui/icons";
import { Language } from "../ui/Language";
import "./access.css";

/** What stands around a page of who has not come in. */
export function Entry({
  title,
  children,
  wide = false,
}: {
  title?: string;
  children: ReactNode;
  wide?: boolean;
}) {
  const { t } = useTranslation();
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
        <div style={{ marginTop: 8 }}>
          <Language />
        </div>
      </Stack>
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
