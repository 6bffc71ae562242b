/**
 * Takes resizable ArrayBuffers away: V8 gets their memory past the allocator that holds an isolate to
 * `isolateMemoryMib`. All else of ArrayBuffer is as it was. Run before the first line of a script.
 */
export function fixArrayBuffers(): void {
  const fixed: typeof ArrayBuffer = new Proxy(ArrayBuffer, {
    construct: (native, [length]: unknown[], made) =>
      // The second argument, with maxByteLength, is what is left out.
      Reflect.construct(native, [length], made === fixed ? native : made),
  });
  // oxlint-disable-next-line no-extend-native -- Else an instance would lead to the native one.
  Object.defineProperty(ArrayBuffer.prototype, "constructor", { value: fixed });
  Object.defineProperty(globalThis, "ArrayBuffer", { value: fixed });
}
