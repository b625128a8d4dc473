import { openApi } from '../../../src/service/documentation';
import { ROUTES, routesFor } from '../../../src/web/routes';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly requestBody?: { readonly content: object };
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const BASE = '/api/v1/auth/';
const MEDIA_TYPES = {
  json: ['application/json'],
  form: ['application/x-www-form-urlencoded'],
  none: [],
};

const pathsOf = (expiredStatus: 401 | 403, maxTokenBytes?: number): Paths =>
  (openApi({ messages: 'en', expiredStatus, maxTokenBytes }) as { paths: Paths }).paths;

const lineOf = (method: string, path: string, statuses: readonly string[], body: object): string =>
  [method.toLowerCase(), path, statuses.join(' '), Object.keys(body).join(' ')].join(', ');

describe('The documentation of the service', () => {
  it('has each route of the table, with its method, statuses and body, and no other', () => {
    const documented = Object.entries(pathsOf(403))
      .filter(([path]) => path.startsWith(BASE) && path !== `${BASE}me`)
      .flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { responses, requestBody }]) =>
          lineOf(method, path, Object.keys(responses), requestBody?.content ?? {}),
        ),
      );
    const table = routesFor(new Set()).map(({ method, path, statuses, body }) => {
      const content = Object.fromEntries(MEDIA_TYPES[body].map((type) => [type, {}]));
      return lineOf(method, `${BASE}${path}`, statuses.map(String), content);
    });

    expect(documented).toEqual(table);
  });

  it('tells the size limit of a body, which grows with that of a token', () => {
    const limitOf = (paths: Paths): unknown => paths[`${BASE}logout`]?.post?.responses['413'];
    expect(limitOf(pathsOf(403))).toMatchObject({ description: 'More than 16384 bytes.' });
    expect(limitOf(pathsOf(403, 16_384))).toMatchObject({ description: 'More than 24576 bytes.' });
  });

  it('leaves out the 403 where an expired token gets a 401', () => {
    const { responses } = pathsOf(401)[`${BASE}logout`]!['post']!;
    expect(Object.keys(responses)).toEqual(
      ROUTES.logout.statuses.filter((status) => status !== 403).map(String),
    );
  });
});
