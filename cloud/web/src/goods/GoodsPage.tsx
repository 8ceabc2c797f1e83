import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { SegmentedControl, TextInput, Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { Exports } from "../documents/Exports";
import {
  Chips,
  Choice,
  Day,
  dayWord,
  labelOf,
  useFilter,
  useOutletOptions,
  useTillOptions,
} from "../documents/inputs";
import { Listed, narrowedBy } from "../documents/lists";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import type { Product } from "../gen/cabinet/v1/figures_pb";
import { money, whole } from "../ui/format";
import { Nothing } from "../ui/Nothing";
import { useNow } from "../ui/time";
import { amount, percent, periodOf, yearTo } from "./goods";

const FIELDS = ["from", "to", "outlet", "till", "name"] as const;
type Field = (typeof FIELDS)[number];

/** «Товары»: what sells, and what does not? */
export default function GoodsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const narrow = useNarrow();
  const transport = useTransport();
  const now = useNow(60_000);
  const { chosen, put, drop } = useFilter<Field>(FIELDS);
  const order = useFilter<"order">(["order"]);
  const tills = useTillOptions();
  const outlets = useOutletOptions();
  const period = periodOf(chosen.from, chosen.to, now);
  const filter = {
    ...period,
    outletId: chosen.outlet ?? "",
    tillId: chosen.till ?? "",
    name: chosen.name ?? "",
    least: order.chosen.order === "least",
  };
  const list = useInfiniteQuery(
    DocumentsService.method.listProducts,
    { ...filter, limit: 100, page: "" },
    {
      pageParamKey: "page",
      getNextPageParam: (last) => last.nextPage || undefined,
      placeholderData: keepPreviousData,
      enabled: can("money:view"),
    },
  );
  if (!can("money:view"))
    return (
      <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "money:view" })} />
    );
  const goods = (list.data?.pages ?? []).flatMap((p) => p.products);
  const first = list.data?.pages[0];
  const words: Record<Field, string> = {
    from: dayWord(chosen.from ?? ""),
    to: dayWord(chosen.to ?? ""),
    outlet: labelOf(outlets, chosen.outlet),
    till: labelOf(tills, chosen.till),
    name: chosen.name ?? "",
  };
  const picked = FIELDS.filter((f) => chosen[f]).map((field) => ({
    field,
    label: t(`goods.fields.${field}`),
    value: words[field],
  }));
  // Without days of one's own it is this month: that it is empty says nothing of the months before.
  const kept = picked.map((x) => x.field);
  return (
    <>
      <div className="title">
        <Title order={1}>{t("titles.goods")}</Title>
        {goods.length > 0 && (
          <Exports
            make={(format) => createClient(DocumentsService, transport).exportProducts({ filter, format })}
          />
        )}
      </div>
      <search className="chips" style={{ alignItems: "end", marginBottom: 8 }}>
        <Day label={t("goods.fields.from")} value={period.from} onChange={(v) => put("from", v)} />
        <Day label={t("goods.fields.to")} value={period.to} onChange={(v) => put("to", v)} />
        <Choice
          label={t("goods.fields.outlet")}
          value={chosen.outlet ?? ""}
          options={outlets}
          onChange={(v) => put("outlet", v)}
          width={190}
        />
        <Choice
          label={t("goods.fields.till")}
          value={chosen.till ?? ""}
          options={tills}
          onChange={(v) => put("till", v)}
          width={220}
        />
        <TextInput
          size="xs"
          w={190}
          label={t("goods.fields.name")}
          value={chosen.name ?? ""}
          onChange={(e) => put("name", e.currentTarget.value)}
          maxLength={200}
        />
        <SegmentedControl
          size="xs"
          value={filter.least ? "least" : "most"}
          onChange={(v) => order.put("order", v === "least" ? v : "")}
          data={[
            { value: "most", label: t("goods.most") },
            { value: "least", label: t("goods.least") },
          ]}
          aria-label={t("goods.order")}
        />
      </search>
      <Chips chosen={picked} onDrop={drop} />
      <Listed
        list={list}
        count={goods.length}
        narrowed={kept.length === 0 ? "days" : narrowedBy(kept)}
        none={<Nothing title={t("goods.none")} />}
        onWiden={() => put("from", yearTo(period.to))}
        onClear={() => drop(FIELDS)}
      >
        {first && (
          <p className="quiet small num" role="status" style={{ margin: "0 0 8px" }}>
            {t("goods.sum", { count: first.count, shown: whole(first.count, lang) })}{" "}
            <span className="strong nowrap">{money(first.revenue, lang)}</span>
          </p>
        )}
        {narrow ? <Cards goods={goods} period={period} /> : <Table goods={goods} period={period} />}
        <p className="quiet small" style={{ maxWidth: 720 }}>
          {t("goods.classes")}
        </p>
      </Listed>
    </>
  );
}

type Shown = { goods: readonly Product[]; period: { from: string; to: string } };

/** The receipts a product stands in. */
function receiptsOf(p: Product, period: Shown["period"]): string {
  return `/documents?${new URLSearchParams({ product: p.name, from: period.from, to: period.to })}`;
}

function Table({ goods, period }: Shown) {
  const { t } = useTranslation();
  const lang = useLang();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("titles.goods")}>
        <thead>
          <tr>
            <th scope="col">{t("goods.name")}</th>
            {(["quantity", "revenue", "share", "class", "sold", "returned", "lines"] as const).map((word) => (
              <th key={word} scope="col" className={word === "class" ? undefined : "right"}>
                {t(`goods.${word}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {goods.map((p) => (
            <tr key={p.name}>
              <td style={{ minWidth: 200, overflowWrap: "anywhere" }}>
                {p.name ? <Link to={receiptsOf(p, period)}>{p.name}</Link> : t("goods.nameless")}
              </td>
              <td className="right num nowrap">{amount(p.quantity, lang)}</td>
              <td className="right num nowrap strong">{money(p.revenue, lang)}</td>
              <td className="right num nowrap">{percent(p.share, lang)}</td>
              <td>{p.abc}</td>
              <td className="right num nowrap">{money(p.sold, lang)}</td>
              <td className="right num nowrap">{p.returned !== 0n ? money(p.returned, lang) : "—"}</td>
              <td className="right num">{whole(Number(p.lines), lang)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ goods, period }: Shown) {
  const { t } = useTranslation();
  const lang = useLang();
  return (
    <ul className="cards" aria-label={t("titles.goods")}>
      {goods.map((p) => (
        <li key={p.name}>
          <Link className="card" to={receiptsOf(p, period)}>
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
              <span className="strong" style={{ overflowWrap: "anywhere" }}>
                {p.name || t("goods.nameless")}
              </span>
              <span className="num nowrap">{money(p.revenue, lang)}</span>
            </div>
            <div className="quiet small num">
              {t("goods.quantity")}: {amount(p.quantity, lang)} · {percent(p.share, lang)} ·{" "}
              {t("goods.class")} {p.abc}
            </div>
          </Link>
        </li>
      ))}
    </ul>
  );
}
