// guards: src/store/ledger/sources/postgres-source.ts
import t from 'tap'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { ledgerConformance } from './ledger-conformance.ts'
import { folders, postgresSubject } from './subjects.ts'

t.test('the journal that gates share', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const next = folders(t)
  ledgerConformance(t, async () => await postgresSubject(t, next(), cluster), 8)
})
