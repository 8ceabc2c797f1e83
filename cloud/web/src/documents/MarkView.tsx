import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconClock, IconCross, IconDash, IconTick, IconYellow } from "../ui/icons";
import { Fact } from "../ui/State";
import type { Mark, Tone } from "./marks";

const COLOURS: Record<Tone, string> = {
  done: "green",
  waits: "grey",
  attention: "yellow",
  failed: "red",
  waived: "grey",
  none: "grey",
};

function MarkIcon({ tone }: { tone: Tone }) {
  const p = { className: COLOURS[tone], size: 14 };
  switch (tone) {
    case "done":
      return <IconTick {...p} />;
    case "waits":
      return <IconClock {...p} />;
    case "attention":
      return <IconYellow {...p} />;
    case "failed":
      return <IconCross {...p} />;
    default:
      return <IconDash {...p} />;
  }
}

/** One mark: picture and word; what it means and since when on hover or tap. */
export function MarkView({ mark, track, hint }: { mark: Mark; track: string; hint?: ReactNode }) {
  const { t } = useTranslation();
  if (mark.tone === "none") {
    return (
      <span className="quiet">
        <span className="hidden">{track}: </span>—
      </span>
    );
  }
  const view = (
    <span className="mark">
      <Fact value={mark.word}>
        <span className="mark">
          <MarkIcon tone={mark.tone} />
          <span>
            <span className="hidden">{track}: </span>
            {t(mark.word)}
          </span>
        </span>
      </Fact>
    </span>
  );
  return hint ? <Tooltip label={hint}>{view}</Tooltip> : view;
}
