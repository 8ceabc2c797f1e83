import { useTranslation } from "react-i18next";
import type { SlipLine } from "../gen/cabinet/v1/documents_pb";
import { modulePath } from "./qr";

/** White border of a code in its modules (ISO/IEC 18004, 5.3.8). */
const QUIET = 4;

/** A slip as it lies in the shop: black on white whatever the page's colours are. Printing the page prints this alone. */
export function SlipPaper({ lines }: { lines: readonly SlipLine[] }) {
  const { t } = useTranslation();
  return (
    <section className="slip" aria-label={t("document.slip")}>
      {lines.map((l, i) => (
        <Line key={i} line={l} />
      ))}
    </section>
  );
}

function Line({ line: l }: { line: SlipLine }) {
  if (l.qr !== "") return <Code line={l} />;
  if (l.rule) return <hr />;
  const look = [l.bold && "bold", l.large && "large", l.centred && !l.right && "centred"]
    .filter(Boolean)
    .join(" ");
  return (
    <div className={look || undefined}>
      <span>{l.left}</span>
      {l.right && <span>{l.right}</span>}
    </div>
  );
}

function Code({ line: l }: { line: SlipLine }) {
  const { t } = useTranslation();
  if (l.qrSize === 0) return <div className="codetext">{l.qr}</div>;
  const side = l.qrSize + 2 * QUIET;
  return (
    <svg
      className="qr"
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label={`${t("document.qrCode")}: ${l.qr}`}
    >
      <path d={modulePath(l.qrModules, l.qrSize)} />
    </svg>
  );
}
