import SwaggerParser from '@apidevtools/swagger-parser';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { generateKeyPairSync } from 'node:crypto';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ServiceMetrics } from '../../src/service/metrics';
import { OperationsModule } from '../../src/service/operations.module';
import { AppModule } from '../../src/service/app.module';
import { documentedOf, openApi } from '../../src/service/documentation';
import { readEnvironment } from '../../src/service/environment';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { ROUTES } from '../../src/web/routes';
import type { Route } from '../../src/web/route';
import { DOCUMENTED, LOGOUT, PLATFORMS, TestApp } from '../support/app';
import { TestCaller } from '../support/introspection';
import { BACKCHANNEL } from '../support/logout-tokens';
import { sessionOptions } from '../support/sessions';

/** @throws {Error} the document breaks the schema of its version. */
const validate = (document: object): Promise<unknown> =>
  SwaggerParser.validate(structuredClone(document) as OpenAPIObject as never);

const operationsOf = ({ paths }: Pick<OpenAPIObject, 'paths'>): string[] =>
  Object.entries(paths)
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`))
    .sort();

describe.each(PLATFORMS)('The OpenAPI document that a host makes, on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(
      platform,
      {},
      { configure: (nest) => void nest.setGlobalPrefix('v2') },
    );
  });
  afterAll(() => app.close());

  const documentOf = (version: '3.0.0' | '3.1.0'): OpenAPIObject =>
    SwaggerModule.createDocument(
      app.nest,
      new DocumentBuilder().setOpenAPIVersion(version).addBearerAuth().build(),
    );

  it('has our route once, below the prefix, and no OPTIONS beside it', () => {
    expect(operationsOf(documentOf('3.0.0'))).toEqual(['get /v2/me', `post /v2${LOGOUT}`]);
  });

  it('tells its statuses, its body and its bearer, as the table of routes does', () => {
    const { post } = documentOf('3.0.0').paths[`/v2${LOGOUT}`]!;
    expect(Object.keys(post!.responses).map(Number)).toEqual(ROUTES.logout.statuses);
    expect(post).toMatchObject({
      operationId: 'LogoutController_logout',
      summary: 'Log out',
      security: [{ bearer: [] }],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { required: ['token'] } } },
      },
      responses: {
        200: {
          content: {
            'application/json': {
              examples: { es: { value: JSON.parse(DOCUMENTED.loggedOut) as object } },
            },
          },
        },
        405: { description: 'Only POST.', headers: { Allow: {} } },
        413: { description: 'More than 16384 bytes.' },
      },
    });
  });

  it.each(['3.0.0', '3.1.0'] as const)('is a valid document of OpenAPI %s', async (version) => {
    await validate(documentOf(version));
  });
});

describe.each(PLATFORMS)('The document of a host with every route, on %s', (platform) => {
  let app: TestApp;
  let document: OpenAPIObject;
  beforeAll(async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const sessions = sessionOptions({ signingKeys: privateKey });
    const introspectionCallers = [new TestCaller('api', { audiences: null }).options];
    const options = { sessions, introspectionCallers, backchannel: BACKCHANNEL };
    app = await TestApp.start(platform, options);
    const config = new DocumentBuilder().addBearerAuth().addBasicAuth().build();
    document = SwaggerModule.createDocument(app.nest, config);
  });
  afterAll(() => app.close());
  const operation = (method: 'get' | 'post' | 'delete', path: string) =>
    document.paths[`/api/v1/auth/${path}`]![method]!;
  const bodyOf = (status: number, { responses }: ReturnType<typeof operation>) =>
    (responses[status] as { content?: Record<string, { schema: { properties: object } }> })
      .content?.['application/json']?.schema.properties;

  it('is valid, and has each route of the table', async () => {
    await validate(document);
    const table = Object.values<Route>(ROUTES).map(
      ({ method, path }) => `${method.toLowerCase()} /api/v1/auth/${path.replace(':sid', '{sid}')}`,
    );
    expect(operationsOf(document)).toEqual([...table, 'get /me'].toSorted());
  });

  it('tells every status of the table, and which routes take a bearer or a caller', () => {
    for (const { method, path, statuses, ...takes } of Object.values<Route>(ROUTES)) {
      const name = method.toLowerCase() as 'get' | 'post' | 'delete';
      const { responses, security } = operation(name, path.replace(':sid', '{sid}'));
      expect([path, Object.keys(responses).map(Number)]).toEqual([path, statuses]);
      const schemes = [
        ...(takes.takesBearer ? ['bearer'] : []),
        ...(takes.takesCaller ? ['basic'] : []),
      ];
      expect([path, security]).toEqual([path, schemes.map((scheme) => ({ [scheme]: [] }))]);
    }
  });

  it('tells what the answers have beside the message', () => {
    expect(Object.keys(bodyOf(200, operation('post', 'refresh')) ?? {})).toEqual([
      ...['success', 'message', 'tokenType', 'accessToken', 'expiresIn', 'refreshToken'],
    ]);
    expect(bodyOf(200, operation('get', 'sessions'))).toMatchObject({
      sessions: { items: { properties: { id: {}, current: {}, lastSeenAt: {} } } },
    });
    expect(bodyOf(400, operation('post', 'revoke'))).toMatchObject({
      error: { enum: ['invalid_request'] },
    });
    expect(bodyOf(200, operation('post', 'revoke'))).toBeUndefined();
    expect(bodyOf(200, operation('post', 'introspect'))).toMatchObject({ active: {} });
    expect(bodyOf(401, operation('post', 'introspect'))).toEqual({
      error: { type: 'string', enum: ['invalid_client'] },
    });
  });

  it('tells what a document is, and that it may be unchanged', () => {
    expect(operation('get', 'jwks').responses).toMatchObject({
      200: { content: { 'application/jwk-set+json': { schema: { required: ['keys'] } } } },
      304: { headers: { ETag: {} } },
      405: { description: 'Only GET, HEAD.' },
    });
  });

  it('tells what is sent: JSON that may be left out, a form, or an id in the path', () => {
    expect(operation('post', 'refresh').requestBody).toMatchObject({ required: false });
    expect(operation('post', 'revoke').requestBody).toMatchObject({
      content: { 'application/x-www-form-urlencoded': { schema: { required: ['token'] } } },
    });
    expect(operation('delete', 'sessions/{sid}').parameters).toMatchObject([
      { name: 'sid', in: 'path', required: true },
    ]);
  });
});

/** What the environment adds to the service. */
const FOR_PROVIDERS = {
  INTROSPECTION_CALLERS: JSON.stringify([
    { id: 'api', secretHashes: 'a'.repeat(64), audiences: null },
  ]),
  JWT_ISSUERS: JSON.stringify([
    {
      ...{ issuer: 'a', audience: 'api', algorithms: ['HS256'], keys: 'k'.repeat(32) },
      backchannel: { clientIds: 'web' },
    },
  ]),
};

describe.each([
  ['', { JWT_SECRET: 'k'.repeat(32) }, []],
  [', for identity providers', FOR_PROVIDERS, ['introspect', 'backchannelLogout']],
])('The OpenAPI document of the service%s', (_what, variables, more) => {
  let app: INestApplication;
  let document: OpenAPIObject;
  beforeAll(async () => {
    const settings = readEnvironment(variables);
    document = openApi(documentedOf(settings)) as OpenAPIObject;
    const [store, metrics] = [new MemoryRevocationStore(), new ServiceMetrics()];
    const module = AppModule.from(settings, store, metrics, OperationsModule.from(metrics));
    app = await NestFactory.create(module, { logger: false, abortOnError: false });
    await app.init();
  });
  afterAll(() => app.close());

  it('is valid', async () => {
    await validate(document);
  });

  it('has every route that the service has, and no other', () => {
    const routes = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(operationsOf(document)).toEqual(operationsOf(routes));
  });

  it('names every operation, for the clients that are made from it', () => {
    const ids = Object.values(document.paths)
      .flatMap((operations) => Object.values(operations) as { operationId?: string }[])
      .map(({ operationId }) => operationId);
    expect(ids.toSorted()).toEqual(
      ['live', 'logout', 'me', 'metrics', 'ready', ...more].toSorted(),
    );
  });

  it('tells its version and licence, and where to ask', () => {
    expect(document).toMatchObject({
      info: {
        version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
        license: { identifier: 'MIT' },
        contact: { url: expect.stringMatching(/^https:/) as string },
      },
      externalDocs: { url: expect.stringMatching(/^https:/) as string },
    });
  });
});
