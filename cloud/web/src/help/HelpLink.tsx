import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import "./helplink.css";

/** A sentence that names a code, and the way to what it means. */
export function Coded({ text, code }: { text: string; code: string }) {
  if (code === "" || !text.includes(code)) return text;
  return (
    <>
      {text} <HelpLink code={code} />
    </>
  );
}

/** A question mark beside a code: what it means, and what to do. */
export function HelpLink({ code }: { code: string }) {
  const { t } = useTranslation();
  if (!code) return null;
  const about = t("shell.code", { code });
  return (
    <Link className="helplink" to={`/help#${encodeURIComponent(code)}`} aria-label={about} title={about}>
      ?
    </Link>
  );
}
