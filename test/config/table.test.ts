import t from 'tap'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { configurationTable } from '../../src/config/table.ts'

t.test('every key has a row, with its variable, its default and what it does', async t => {
  const rows = configurationTable()
    .split('\n')
    .filter(line => line.startsWith('| `'))
  t.equal(rows.length, CONFIG_KEYS.length)
  for (const [index, { key, environment, description }] of CONFIG_KEYS.entries()) {
    t.ok(rows[index]?.startsWith(`| \`${key}\` | \`${environment}\` | `), key)
    t.ok(rows[index]?.includes(description.replaceAll('|', '\\|')), `${key}: what it does`)
  }
})
