import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSession, useSignOut } from "../access/session";
import { DENSITIES, useDensity } from "../ui/density";
import { langOf } from "../ui/format";
import { IconPerson, IconTick } from "../ui/icons";
import { LANGS, setLang } from "../words";
import { useInstall } from "./install";

const SCHEMES: readonly MantineColorScheme[] = ["auto", "light", "dark"];

/** What concerns the person and this browser: profile, how the pages look, help, the way out. */
export function PersonMenu() {
  const { t, i18n } = useTranslation();
  const { person } = useSession();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const install = useInstall();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [density, setDensity] = useDensity();
  const lang = langOf(i18n.language);
  const name = person.name || person.login;
  return (
    <Menu withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={t("nav.person", { name })}>
          <IconPerson />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        <Menu.Item onClick={() => navigate("/profile")}>{t("nav.profile")}</Menu.Item>
        <Menu.Item onClick={() => navigate("/help")}>{t("titles.help")}</Menu.Item>
        {install && <Menu.Item onClick={install}>{t("shell.install")}</Menu.Item>}
        <Choice
          title={t("shell.scheme.title")}
          value={colorScheme}
          onChoose={setColorScheme}
          of={SCHEMES.map((s) => [s, t(`shell.scheme.${s}`)])}
        />
        <div className="wideonly">
          <Choice
            title={t("shell.rows.title")}
            value={density}
            onChoose={setDensity}
            of={DENSITIES.map((d) => [d, t(`shell.rows.${d}`)])}
          />
        </div>
        <div className="phoneonly">
          <Choice
            title={t("language")}
            value={lang}
            onChoose={(l) => void setLang(l)}
            of={LANGS.map((l) => [l.lang, l.name])}
          />
        </div>
        <Menu.Divider />
        <Menu.Item onClick={() => signOut.mutate({})}>{t("profile.signout")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** One of several, as a part of the menu; the menu stays, to show what was chosen. */
function Choice<V extends string>(p: {
  title: string;
  value: V;
  onChoose: (value: V) => void;
  of: readonly (readonly [V, string])[];
}) {
  return (
    <>
      <Menu.Divider />
      <Menu.Label>{p.title}</Menu.Label>
      <Menu.RadioGroup value={p.value}>
        {p.of.map(([value, label]) => (
          <Menu.RadioItem
            key={value}
            value={value}
            checkIcon={<IconTick />}
            onChange={() => p.onChoose(value)}
          >
            {label}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}
