import t from 'tap'
import { formatBytes } from '../../../src/cli/terminal/bytes.ts'

t.test('sizes are told to two or three digits', async t => {
  const sizes = [0, 1, 1_023, 1_024, 1_536, 200 * 1_024, 5 * 1_024 ** 3, 3_000 * 1_024 ** 4]
  t.strictSame(sizes.map(formatBytes), ['0 B', '1 B', '1023 B', '1.0 KiB', '1.5 KiB', '200 KiB', '5.0 GiB', '3000 TiB'])
})
