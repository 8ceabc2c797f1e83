import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../app/Frame";
import { AccessService, type Device } from "../gen/cabinet/v1/access_pb";
import { Unread } from "../ui/Nothing";
import { ActsHead } from "../ui/RowActs";
import { When } from "../ui/time";
import { ofMicros } from "./Codes";
import { Said } from "./Entry";
import { useFresh } from "./security";
import { useSay } from "./trouble";

/** Where the person is signed in, and the way to end it from here. */
export function Devices() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const fresh = useFresh();
  const list = useQuery(AccessService.method.listDevices, {}, { retry: false });
  const revoke = useMutation(AccessService.method.revokeDevice, { onSuccess: fresh });
  const others = useMutation(AccessService.method.revokeOtherDevices, { onSuccess: fresh });
  const say = useSay({ wrong: t("nothing.forbidden") });
  const devices = list.data?.devices ?? [];
  const error = revoke.error ?? others.error;

  const name = (d: Device) => (
    <>
      <span className="strong">{d.browser || d.id}</span>{" "}
      {d.current && <span className="quiet small">{t("access.me.this")}</span>}
      {d.remembered && (
        <span className="quiet small">
          {d.current && ", "}
          {t("access.me.remembered")}
        </span>
      )}
    </>
  );
  const end = (d: Device) =>
    d.current ? null : (
      <Button
        variant="default"
        size="xs"
        aria-label={`${t("access.me.revoke")}: ${d.browser}`}
        loading={revoke.isPending && revoke.variables?.id === d.id}
        onClick={() => revoke.mutate({ id: d.id })}
      >
        {t("access.me.revoke")}
      </Button>
    );

  return (
    <section style={{ marginTop: 24 }} aria-labelledby="profile-devices">
      <div className="title" style={{ marginBottom: 8 }}>
        <Title order={2} id="profile-devices">
          {t("access.me.devices")}
        </Title>
        {devices.length > 1 && (
          <Button variant="default" size="xs" loading={others.isPending} onClick={() => others.mutate({})}>
            {t("access.me.revokeOthers")}
          </Button>
        )}
      </div>
      {error ? (
        <Said>{say(error)}</Said>
      ) : (
        others.data && <Said alert={false}>{t("access.me.revoked", { count: others.data.revoked })}</Said>
      )}
      {list.error && !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : !list.data ? (
        <Loader aria-label={t("loading")} />
      ) : narrow ? (
        <ul className="cards" aria-label={t("access.me.devices")}>
          {devices.map((d) => (
            <li key={d.id} className="card">
              <div>{name(d)}</div>
              <dl className="pairs">
                <dt>{t("access.me.seen")}</dt>
                <dd>
                  <When at={ofMicros(d.seenAt)} />
                </dd>
                <dt>{t("access.me.since")}</dt>
                <dd>
                  <When at={ofMicros(d.createdAt)} />
                </dd>
                <dt>{t("access.me.address")}</dt>
                <dd>{d.address}</dd>
              </dl>
              <div style={{ marginTop: 8 }}>{end(d)}</div>
            </li>
          ))}
        </ul>
      ) : (
        <div className="tablebox">
          <table className="table" aria-label={t("access.me.devices")}>
            <thead>
              <tr>
                <th scope="col">{t("access.me.device")}</th>
                <th scope="col">{t("access.me.seen")}</th>
                <th scope="col">{t("access.me.since")}</th>
                <th scope="col">{t("access.me.address")}</th>
                <ActsHead />
              </tr>
            </thead>
            <tbody>
              {devices.map((d) => (
                <tr key={d.id}>
                  <td>{name(d)}</td>
                  <td>
                    <When at={ofMicros(d.seenAt)} />
                  </td>
                  <td>
                    <When at={ofMicros(d.createdAt)} />
                  </td>
                  <td>{d.address}</td>
                  <td className="right">{end(d)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
