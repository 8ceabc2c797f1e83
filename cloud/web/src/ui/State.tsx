import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { LIGHT_ICONS, type LightName } from "../fleet/light";

/** State of a till: picture and word in its colour. */
export function StateWord({ light, large = false }: { light: LightName; large?: boolean }) {
  const { t } = useTranslation();
  const Icon = LIGHT_ICONS[light];
  return (
    <span className={`state ${light}`} style={large ? { fontSize: "1rem" } : undefined}>
      <Icon size={large ? 20 : 16} />
      <span>{t(`lights.${light}`)}</span>
    </span>
  );
}

/** A fact that lights up for a moment when it changes before one's eyes; its first value is no change. */
export function Fact({
  value,
  children,
}: {
  value: string | number | bigint | boolean;
  children: ReactNode;
}) {
  const shown = useRef(value);
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    if (shown.current === value) return;
    shown.current = value;
    setChanges((n) => n + 1);
  }, [value]);
  // A new key starts the animation anew.
  return (
    <span key={changes} className={changes > 0 ? "flash" : undefined}>
      {children}
    </span>
  );
}
