import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { HelpLink } from "../help/HelpLink";
import { When } from "../ui/time";
import { useLang } from "./facts";
import { LIGHT_ICONS, lightOf } from "./light";
import { ASPECT_NAMES, ASPECTS, ofCell, useWords, WhoseLimit } from "./troubles";

/** The eight sides of a till, each with its colour and, when it is not green, its reason in short. */
export function Aspects({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const words = useWords(lang);
  if (till.cells.length === 0) return null;
  return (
    <section className="panel">
      <div style={{ display: "flex", justifyContent: "space-between", gap: 12, alignItems: "baseline" }}>
        <Title order={2}>{t("aspects.title")}</Title>
        <Link className="small" to={`/thresholds?till=${encodeURIComponent(till.id)}`}>
          {t("thresholds.title")}
        </Link>
      </div>
      <ul className="aspects" aria-label={t("aspects.title")}>
        {ASPECT_NAMES.map((name) => {
          const cell = till.cells.find((c) => c.aspect === ASPECTS[name]);
          if (!cell) return null;
          const light = lightOf(cell);
          const Icon = LIGHT_ICONS[light];
          const trouble = ofCell(cell);
          const said = words(trouble);
          return (
            <li key={name}>
              <Icon size={16} className={light} />
              {cell.light === Light.GREEN || cell.code === "stale" ? (
                <div>
                  {t(`aspects.${name}`)}{" "}
                  <span className="small quiet">
                    {t(cell.light === Light.GREEN ? "aspects.fine" : "aspects.stale")}
                  </span>
                </div>
              ) : (
                <div>
                  <div>{t(`aspects.${name}`)}</div>
                  <div className="small quiet">
                    <span className={light} lang={said.lang}>
                      {said.text}
                    </span>{" "}
                    <HelpLink code={trouble.code} />
                    {trouble.sinceMs > 0n && (
                      <>
                        {" "}
                        {t("problem.since")} <When ms={trouble.sinceMs} />
                      </>
                    )}
                    {trouble.limit !== undefined && (
                      <>
                        {" · "}
                        <WhoseLimit trouble={trouble} />
                      </>
                    )}
                  </div>
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
