// What a reader's application has of its own: the samples of code in the documents use these names,
// and the pages say where they are from.
declare const dataSource: import('typeorm').DataSource;
declare const bulk: import('nestjs-logout').BulkRevocation;
declare const passwordHash: string;
declare const revokedTokens: import('nestjs-logout').RevokedTokensService;
declare const options: import('nestjs-logout').LogoutModuleOptions;
declare const store: import('nestjs-logout').RevocationStore;
declare const token: import('nestjs-logout').VerifiedToken;
declare const id: string;
declare const User: new () => { id: string; isActive: boolean; passwordHash: string };
declare const MeController: new () => object;
declare const AppModule: new () => object;
declare const accessToken: string;
declare const readable: import('node:stream').Readable;
declare const live: import('nestjs-logout').LiveConnections;
