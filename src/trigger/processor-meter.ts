/** What each trigger has had of the processor, told once in a while. Of the host process only. */
export interface ProcessorMeter {
  /** Called after each batch. */
  spent(slot: number, us: number): void;
}

/** Often enough for whoever looks at a list, and nothing beside thousands of batches. */
const tellMs = 1000;

/** `tell` is given what has come together since it was last called, for each slot that worked. */
export function openProcessorMeter(
  tell: (spent: ReadonlyMap<number, number>) => void,
): ProcessorMeter {
  const bySlot = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;
  const ring = (): void => {
    timer = undefined;
    tell(bySlot);
    bySlot.clear();
  };
  return {
    spent(slot, us) {
      bySlot.set(slot, (bySlot.get(slot) ?? 0) + us);
      timer ??= setTimeout(ring, tellMs);
    },
  };
}

/**
 * Microseconds of processor that this thread has had; scripts run in it too. Costs half a
 * microsecond.
 */
export function processorUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
