import t from 'tap'
import { readCoreMetadata } from '../../../src/protocol/metadata/core-metadata.ts'

t.test('METADATA under the names of the JSON API', async t => {
  const text = [
    'Metadata-Version: 2.1',
    'Name: demo',
    'Summary: says: this',
    'CLASSIFIER: one',
    'Classifier: two',
    'Requires-Dist: other',
    '  >=1',
    '',
    'Author: of the description, and nothing else',
  ]
  for (const end of ['\n', '\r\n'])
    t.match(readCoreMetadata(text.join(end)), {
      summary: 'says: this',
      classifiers: ['one', 'two'],
      requires_dist: ['other >=1'],
      author: null,
      provides_extra: null,
    })
})
