import { ActionIcon } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconCopy, IconTick } from "./icons";

/** Text to be taken elsewhere, with its button. */
export function CopyBlock({ text, label }: { text: string; label: string }) {
  return (
    <div className="code">
      <pre>{text}</pre>
      <Copy text={text} label={label} />
    </div>
  );
}

/** Takes text to the clipboard, and says for a moment that it did. */
export function useCopied() {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (text: string) => {
    await toClipboard(text);
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 2000);
  };
  return { copied, copy };
}

export function Copy({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const { copied, copy } = useCopied();
  return (
    <ActionIcon
      variant="subtle"
      size={26}
      aria-label={copied ? t("copied") : `${t("copy")}: ${label}`}
      title={copied ? t("copied") : t("copy")}
      onClick={() => void copy(text)}
    >
      {copied ? <IconTick /> : <IconCopy />}
    </ActionIcon>
  );
}

// A cabinet opened by plain http inside a shop has no clipboard API; the old way works there.
async function toClipboard(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  (document.querySelector("[role=dialog]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
