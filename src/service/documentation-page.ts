import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { BEARER_SCHEME } from '../web/openapi';
import { openApi, TRIAL_TOKEN, type Documented } from './documentation';

const PAGE = 'docs';

/** Reads on a telephone: its tables are blocks there, and long words break. */
const STYLES = `
  .swagger-ui .topbar, .swagger-ui .scheme-container { display: none }
  .swagger-ui .wrapper { max-width: 1100px }
  .swagger-ui .response-col_links, .swagger-ui .response-control-media-type { display: none }
  @media (max-width: 640px) {
    .swagger-ui .wrapper { padding: 0 10px }
    .swagger-ui .info { margin: 20px 0 }
    .swagger-ui .info .title { font-size: 26px }
    .swagger-ui .opblock .opblock-summary-path { max-width: 100%; word-break: break-all }
    .swagger-ui .opblock .opblock-summary-description { flex-basis: 100%; padding: 4px 0 0 }
    .swagger-ui .opblock .opblock-summary-control { flex-wrap: wrap }
    .swagger-ui table, .swagger-ui tbody, .swagger-ui tr, .swagger-ui td { display: block; width: auto }
    .swagger-ui table thead { display: none }
    .swagger-ui table tbody tr td { padding: 6px 0; min-width: 0; max-width: 100% }
    .swagger-ui .opblock-section-header { flex-wrap: wrap }
    .swagger-ui .highlight-code, .swagger-ui pre, .swagger-ui textarea { max-width: 100%; overflow: auto }
    .swagger-ui .opblock-description-wrapper p, .swagger-ui .renderedMarkdown p { overflow-wrap: anywhere }
  }`;

/**
 * Runs in the page. Telephones are told to use their own width, which the page of @nestjs/swagger
 * does not do, and the token of a trial becomes the bearer.
 */
const SCRIPT = `document.head.insertAdjacentHTML(
  'beforeend', '<meta name="viewport" content="width=device-width, initial-scale=1">');
window.addEventListener('load', () => {
  const token = ui.specSelectors.specJson().get('${TRIAL_TOKEN}');
  if (token) ui.preauthorizeApiKey('${BEARER_SCHEME}', token);
});
`;

/**
 * Serves the documentation at `/docs`, and as JSON at `/docs-json`; `/` leads there.
 * @param mintToken for a token that is put where the page asks for one, a new one each time it is
 * loaded; absent where the tokens are a real issuer's.
 */
export function serveDocumentation(
  app: INestApplication,
  documented: Documented,
  mintToken?: () => string,
): void {
  const adapter = app.getHttpAdapter();
  const serve = (path: string, mediaType: string, text: string): void => {
    adapter.get(path, (_request: object, response: object) => {
      adapter.setHeader(response, 'Content-Type', `${mediaType}; charset=utf-8`);
      adapter.reply(response, text, 200);
    });
  };
  const document = openApi(documented);
  serve(`/${PAGE}-json`, 'application/json', JSON.stringify(document));
  serve(`/${PAGE}/page.js`, 'text/javascript', SCRIPT);
  adapter.get('/', (_request: object, response: object) => {
    adapter.redirect(response, 302, `/${PAGE}`);
  });
  SwaggerModule.setup(PAGE, app, document as OpenAPIObject, {
    raw: false,
    customSiteTitle: 'nestjs-logout',
    customCss: STYLES,
    customJs: `/${PAGE}/page.js`,
    swaggerOptions: { docExpansion: 'list', defaultModelsExpandDepth: -1 },
    ...(mintToken !== undefined && {
      patchDocumentOnRequest: (_request: unknown, response: unknown) => {
        adapter.setHeader(response, 'Cache-Control', 'no-store');
        return openApi(documented, mintToken()) as OpenAPIObject;
      },
    }),
  });
}
