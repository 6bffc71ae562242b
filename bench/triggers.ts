/** A trigger for a channel that does not exist: loaded and looked at, never run. */
export function idleTrigger(n: number): string {
  return `import { onMessage } from "signalbox";
export const IDLE${n} = onMessage({ channels: ["NOWHERE${n}"] }, (message) => message.accept());
`;
}

/** A trigger that every message of the customer runs through and that says nothing. */
export function passingTrigger(n: number): string {
  return `import { onMessage } from "signalbox";
export const PASS${n} = onMessage({ channels: ["SMPP_SERVER1"], order: ${n} }, (message) => {
  if (message.parts < 0) message.reject("that cannot be");
});
`;
}

/** Instead of the one that ships: the text is written anew, and cut where it is too long. */
export const writingTrigger = `import { onMessage } from "signalbox";
export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
  message.forward({ channel: "SMPP1", text: message.text ?? "" });
});
`;
