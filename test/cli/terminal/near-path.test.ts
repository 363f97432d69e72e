import { dirname, join } from 'node:path'
import t from 'tap'
import { nearPath, nearPathsIn } from '../../../src/cli/terminal/near-path.ts'

const HERE = process.cwd()

t.test('a path below the working folder is relative, any other stays as it is', async t => {
  t.equal(nearPath(join(HERE, 'policies/acme.yaml')), 'policies/acme.yaml')
  for (const path of [HERE, dirname(HERE), join(dirname(HERE), 'other/acme.yaml')]) t.equal(nearPath(path), path)
})

t.test('so is every path in a text', async t =>
  t.equal(nearPathsIn(`${HERE}/a.yaml:1 and ${HERE}/b.yaml:2`), 'a.yaml:1 and b.yaml:2'),
)
