/** Dark modules of a code as one path: each run of a row is a rectangle, so that no hair lines show between. */
export function modulePath(modules: Uint8Array, size: number): string {
  const stride = Math.ceil(size / 8);
  const dark = (x: number, y: number) => ((modules[y * stride + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) !== 0;
  let path = "";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = x;
      while (x < size && dark(x, y)) x++;
      if (x > from) path += `M${from} ${y}h${x - from}v1h${from - x}z`;
    }
  }
  return path;
}
