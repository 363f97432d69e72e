// guards: src/compose/audit/import-entry.ts
import t from 'tap'
import { createCrossing } from '../../world/mirror/crossing.ts'

t.test('the audit log says who let in which mirror, and by whose key; a look alone is no import', async t => {
  const crossing = await createCrossing(t)
  const { wheel } = await crossing.world.release('demo', '1.0')
  const policy = 'version: 1\nprojects: [{ match: demo, identity: first-seen }]\n'
  crossing.world.writePolicy(policy)
  crossing.setPolicy(policy)
  await crossing.fetch([wheel])
  const folder = await crossing.export('1')
  const words = ['mirror', 'import', folder, '--signer', crossing.signer]
  t.equal((await crossing.inside(...words, '--dry-run')).exit, 0)
  t.equal((await crossing.inside(...words)).exit, 0)
  const { out } = await crossing.inside('audit-log', 'export', '--format', 'json')
  const rows = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { readonly what: string; readonly target: string })
    .filter(({ what }) => what === 'imported')
  t.match(rows, [
    {
      target: /^sha256 [0-9a-f]{64}$/,
      who: /^shell:/,
      detail: { files: '1', left_out: '0', sequence: '1', signer: /^[0-9a-f]{64}$/ },
    },
  ])
  t.equal(rows.length, 1)
  t.equal((await crossing.inside('audit-log', 'verify')).exit, 0)
})
