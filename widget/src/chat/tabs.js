// One stream for all tabs of a visitor: the tab that has the lock listens, and tells the others. Where there are no locks, each tab
// listens for itself.

/**
 * `listen()` starts listening and gives what ends it; `hear(name, data)` gets what another tab heard. Gives `tell(name, data)` and
 * `leave()`.
 */
export function joinTabs(name, isShared, { listen, hear }) {
  const locks = isShared && navigator.locks;
  const channel = isShared && window.BroadcastChannel ? new BroadcastChannel(name) : undefined;
  let stop;
  let release = () => {};
  const waiting = new AbortController();
  if (channel) channel.onmessage = ({ data }) => hear(data.name, data.data);
  if (locks && channel) {
    const hold = () =>
      new Promise((resolve) => {
        release = resolve;
        stop = listen();
      });
    locks.request(name, { signal: waiting.signal }, hold).catch(() => {});
  } else stop = listen();
  return {
    tell: (kind, data) => channel?.postMessage({ name: kind, data }),
    leave() {
      waiting.abort();
      stop?.();
      release();
      channel?.close();
    },
  };
}
