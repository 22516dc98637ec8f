import test from "ava";
import { decideLock, describeLock } from "../../../automation/adapters/locks.ts";

const STARTED = Date.parse("2026-11-23T10:00:00Z");
const child = { pid: 4711, host: "ops-1", startedAt: STARTED, startTicks: "123" };
const lock = {
  key: "k",
  pid: 4711,
  username: "root",
  hostname: "ops-1",
  timestamp: "2026-11-23T10:00:01.5Z",
};

test("a lock of this run's own engine may go when that engine has ended, and is waited for while it has not", (t) => {
  t.is(decideLock(lock, [{ child, alive: false }]), "mine-dead");
  t.is(decideLock(lock, [{ child, alive: true }]), "mine-alive");
});

test("another pid, another host, an earlier time, or a host that cannot be seen: somebody else's lock", (t) => {
  const dead = [{ child, alive: false }];
  t.is(decideLock({ ...lock, pid: 4712 }, dead), "foreign");
  t.is(decideLock({ ...lock, hostname: "ops-2" }, dead), "foreign");
  t.is(decideLock({ ...lock, timestamp: "2026-11-23T09:59:57Z" }, dead), "foreign");
  t.is(decideLock(lock, [{ child, alive: undefined }]), "foreign");
  t.is(decideLock(lock, []), "foreign");
});

test("of two children with the same pid the later one owns the lock", (t) => {
  const later = { ...child, startedAt: STARTED + 500 };
  t.is(
    decideLock(lock, [
      { child, alive: false },
      { child: later, alive: true },
    ]),
    "mine-alive",
  );
});

test("a lock is shown with owner and age", (t) => {
  t.is(describeLock(lock, STARTED + 61_500), "root@ops-1 (pid 4711) since 60 s");
});
