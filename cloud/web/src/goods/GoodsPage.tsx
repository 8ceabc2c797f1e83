import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { SegmentedControl, Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { Exports } from "../documents/Exports";
import { Filters, PLACE } from "../documents/Filters";
import { useFilter } from "../documents/inputs";
import { Listed, narrowedBy } from "../documents/lists";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import type { Product } from "../gen/cabinet/v1/figures_pb";
import { money, whole } from "../ui/format";
import { Forbidden, Nothing } from "../ui/Nothing";
import { useNow } from "../ui/time";
import { amount, percent, periodOf, yearTo } from "./goods";

const FIELDS = ["from", "to", "node", "till", "outlet", "name"] as const;
type Field = (typeof FIELDS)[number];

/** «Товары»: what sells, and what does not? */
export default function GoodsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const narrow = useNarrow();
  const transport = useTransport();
  const now = useNow(60_000);
  const state = useFilter<Field>(FIELDS);
  const { chosen, put, drop } = state;
  const order = useFilter<"order">(["order"]);
  const period = periodOf(chosen.from, chosen.to, now);
  const filter = {
    ...period,
    nodeId: chosen.node ?? "",
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
  if (!can("money:view")) return <Forbidden needs="money:view" />;
  const goods = (list.data?.pages ?? []).flatMap((p) => p.products);
  const first = list.data?.pages[0];
  const place = Object.fromEntries(PLACE.flatMap((f) => (chosen[f] ? [[f, chosen[f]]] : [])));
  const shown: Shown = { goods, period, place };
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
      <Filters
        state={state}
        inputs={[
          { field: "from", label: t("finder.fields.from"), usual: period.from },
          { field: "to", label: t("finder.fields.to"), usual: period.to },
          { field: "node", label: t("finder.fields.node") },
          { field: "name", label: t("goods.fields.name"), width: 190 },
        ]}
      >
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
      </Filters>
      <Listed
        list={list}
        count={goods.length}
        // Without days of one's own it is this month: that it is empty says nothing of the months before.
        narrowed={state.set.length === 0 ? "days" : narrowedBy(state.set)}
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
        {narrow ? <Cards {...shown} /> : <Table {...shown} />}
        <p className="quiet small" style={{ maxWidth: 720 }}>
          {t("goods.classes")}
        </p>
      </Listed>
    </>
  );
}

type Shown = {
  goods: readonly Product[];
  period: { from: string; to: string };
  /** Where, as it stands in the address. */
  place: Record<string, string>;
};

/** The receipts a product stands in. */
function receiptsOf(p: Product, shown: Shown): string {
  return `/documents?${new URLSearchParams({ product: p.name, ...shown.period, ...shown.place })}`;
}

function Table(shown: Shown) {
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
          {shown.goods.map((p) => (
            <tr key={p.name}>
              <td style={{ minWidth: 200, overflowWrap: "anywhere" }}>
                {p.name ? <Link to={receiptsOf(p, shown)}>{p.name}</Link> : t("goods.nameless")}
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

function Cards(shown: Shown) {
  const { t } = useTranslation();
  const lang = useLang();
  return (
    <ul className="cards" aria-label={t("titles.goods")}>
      {shown.goods.map((p) => (
        <li key={p.name}>
          <Link className="card" to={receiptsOf(p, shown)}>
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
