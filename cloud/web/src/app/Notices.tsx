import { Notifications } from "@mantine/notifications";

/** Where short notices appear; one that was shown before this was read waits for it. */
export default function Notices() {
  return <Notifications position="bottom-right" />;
}
