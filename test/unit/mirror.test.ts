import t from 'tap'
import { createCrossing, must } from '../world/crossing.ts'

t.test('what is fetched outside is served inside', async t => {
  const crossing = await createCrossing(t)
  const { world } = crossing
  const demo = await world.release('demo', '1.0')
  world.writePolicy()
  crossing.setPolicy()
  const fetched = await crossing.fetch(demo.files)
  t.equal(fetched.exit, 0)
  console.error(fetched)
  const folder = await crossing.export('one')
  const imported = await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer)
  console.error(imported)
  must(imported, 0)
  const verified = await crossing.inside('mirror', 'verify')
  console.error(verified)
})
