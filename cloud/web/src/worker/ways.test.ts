import { expect, test } from "vitest";
import { wayOf } from "./ways";

const ORIGIN = "https://cabinet.example";
const SHELL = ["/", "/favicon.svg", "/assets/index-1.js"];

test.each([
  ["page", "GET", "navigate", "/tills/1?tab=documents"],
  ["asset", "GET", "cors", "/assets/index-1.js"],
  ["asset", "GET", "cors", "/assets/later-2.js"],
  ["asset", "GET", "no-cors", "/favicon.svg"],
  ["pass", "POST", "cors", "/cabinet.v1.FleetService/StartCommand"],
  ["pass", "GET", "cors", "/cabinet.v1.FleetService/ListTills?connect=v1&message="],
  ["pass", "GET", "navigate", "/cabinet.v1.FleetService/ListTills"],
  ["pass", "POST", "navigate", "/tills"],
  ["pass", "GET", "cors", "/metrics"],
  ["pass", "GET", "cors", "https://elsewhere.example/assets/index-1.js"],
])("%s: %s %s %s", (way, method, mode, url) => {
  expect(wayOf({ method, mode, url: new URL(url, ORIGIN).href }, ORIGIN, SHELL)).toBe(way);
});
