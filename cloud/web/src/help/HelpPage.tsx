import { TextInput, Title } from "@mantine/core";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useSearchParams } from "react-router";
import { useLang } from "../fleet/facts";
import { IconSearch } from "../ui/icons";
import { Nothing } from "../ui/Nothing";
import { DEVICE } from "./catalogue";
import { type Entry, found, GROUPS } from "./entries";
import "./help.css";
import { useEntries } from "./useEntries";

/** «Помощь»: what a code means, why it came, what to do, and whether to try again. */
export default function HelpPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const { hash } = useLocation();
  const query = params.get("q") ?? "";
  const wanted = decodeURIComponent(hash.slice(1));
  const all = useEntries();
  const shown = useMemo(() => found(all, query), [all, query]);
  const known = wanted === "" || wanted === "raw" || all.some((e) => e.id === wanted);

  useEffect(() => {
    if (!wanted) return;
    const entry = document.getElementById(wanted);
    entry?.scrollIntoView({ block: "start" });
    entry?.focus({ preventScroll: true });
  }, [wanted]);

  const search = (text: string) =>
    setParams(text ? { q: text } : {}, { replace: true, preventScrollReset: true });
  return (
    <>
      <div className="title">
        <Title order={1}>{t("titles.help")}</Title>
        <TextInput
          type="search"
          w={{ base: "100%", sm: 280 }}
          value={query}
          onChange={(e) => search(e.currentTarget.value)}
          leftSection={<IconSearch size={14} />}
          placeholder={t("help.find")}
          aria-label={t("help.find")}
        />
      </div>
      <p className="quiet" style={{ margin: "0 0 16px" }}>
        {t("help.what")} <Link to="/terms">{t("help.terms")}</Link>
      </p>
      {!known && (
        <div role="alert" style={{ marginBottom: 16 }}>
          <Nothing title={`${t("help.none")}: ${wanted}`} text={t("help.noneTodo")} />
        </div>
      )}
      {shown.length === 0 ? (
        <Nothing title={t("help.none")} text={t("help.noneTodo")} />
      ) : (
        <div className="help">
          {GROUPS.map((group) => {
            const own = shown.filter((e) => e.group === group);
            if (own.length === 0) return null;
            return (
              <section key={group} aria-labelledby={`group-${group}`}>
                <Title order={2} id={`group-${group}`}>
                  {t(`help.groups.${group}`)}
                </Title>
                {own.map((e) => (
                  <Article key={e.id} entry={e} here={e.id === wanted} />
                ))}
              </section>
            );
          })}
          {query === "" && <DeviceCodes />}
        </div>
      )}
    </>
  );
}

function Article({ entry: e, here }: { entry: Entry; here: boolean }) {
  const { t } = useTranslation();
  return (
    <article id={e.id} tabIndex={-1} className={here ? "here" : undefined} aria-labelledby={`${e.id}-text`}>
      <div className="head">
        <h3 id={`${e.id}-text`}>{e.text}</h3>
        <Link className="mono quiet" to={`#${e.id}`}>
          {e.code}
        </Link>
      </div>
      <dl className="pairs">
        {e.cause && (
          <>
            <dt>{t("help.cause")}</dt>
            <dd>{e.cause}</dd>
          </>
        )}
        <dt>{t("help.todo")}</dt>
        <dd>{e.todo}</dd>
        {e.again && (
          <>
            <dt>{t("help.repeat")}</dt>
            <dd>{t(`help.again.${e.again}`)}</dd>
          </>
        )}
      </dl>
    </article>
  );
}

const hex = (code: number) => `${code.toString(16).toUpperCase().padStart(2, "0")}h`;

/** What the till itself answers: its bytes, and what they mean here. */
function DeviceCodes() {
  const { t, i18n } = useTranslation();
  const lang = useLang();
  const problems: Record<string, { text: string }> = i18n.getResource(lang, "translation", "problems");
  return (
    <section id="raw" tabIndex={-1} aria-labelledby="group-raw">
      <Title order={2} id="group-raw">
        {t("help.groups.raw")}
      </Title>
      <p className="quiet">{t("help.rawWhat")}</p>
      <dl className="pairs">
        {Object.entries(DEVICE).map(([code, bytes]) => (
          <div key={code} style={{ display: "contents" }}>
            <dt className="mono">{bytes.map(hex).join(", ")}</dt>
            <dd>
              <Link to={`#${code}`}>{problems[code]?.text ?? code}</Link>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
