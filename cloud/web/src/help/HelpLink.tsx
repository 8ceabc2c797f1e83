import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import "./help.css";

/** A question mark beside a code: what it means, and what to do. */
export function HelpLink({ code }: { code: string }) {
  const { t } = useTranslation();
  if (!code) return null;
  const about = t("help.about", { code });
  return (
    <Link className="helplink" to={`/help#${encodeURIComponent(code)}`} aria-label={about} title={about}>
      ?
    </Link>
  );
}
