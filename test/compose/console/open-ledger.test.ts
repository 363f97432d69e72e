import { dirname } from 'node:path'
import t from 'tap'
import { openLedger } from '../../../src/compose/console/open-ledger.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { diskSubject } from '../../store/stores.ts'
import { ENTRY } from '../../store/written.ts'

t.test('the ledger of a configuration is over its data folder', async t => {
  const { store, file } = await diskSubject(t)
  store.journal.record(ENTRY)
  await store.journal.flush()
  const folder = dirname(file)
  const environment = { PORTCULLIS_DATA: folder }
  const { config } = loadConfig({ flags: {}, file: undefined, environment, folder })
  const ledger = openLedger(config)
  t.match((await ledger.journal({}, { limit: 5 })).rows, [{ filename: ENTRY.filename }])
  await ledger.close()
})
