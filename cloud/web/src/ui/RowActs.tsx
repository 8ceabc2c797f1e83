/** What can be done with one row, and rows that are over. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** Head of the column with the acts of a row. */
export function ActsHead() {
  const { t } = useTranslation();
  return (
    <th scope="col">
      <span className="hidden">{t("agents.acts")}</span>
    </th>
  );
}

/** One act of a row; who hears it hears of which row. */
export function RowAct(p: {
  word: string;
  of: string;
  onClick: () => void;
  loading?: boolean;
  filled?: boolean;
  className?: string;
}) {
  return (
    <Button
      variant={p.filled ? "filled" : "default"}
      size="compact-sm"
      className={p.className}
      loading={p.loading}
      aria-label={`${p.word}: ${p.of}`}
      onClick={p.onClick}
    >
      {p.word}
    </Button>
  );
}

/** What is over unfolds under what is in force. */
export function Over({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  if (count === 0) return null;
  return (
    <details style={{ marginTop: 24 }}>
      <summary>
        {title} <span className="num">{count}</span>
      </summary>
      <div style={{ marginTop: 8 }}>{children}</div>
    </details>
  );
}
