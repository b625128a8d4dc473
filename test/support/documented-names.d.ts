// What a reader's application has of its own: the samples of code in the documents use these names.
declare const app: import('express').Express;
declare const handler: import('express').RequestHandler;
declare const secret: string;
declare const refreshSecret: string;
declare const dataSource: import('typeorm').DataSource;
declare const bulk: import('nestjs-logout').BulkRevocation;
declare const passwordHash: string;
declare const revokedTokens: import('nestjs-logout').RevokedTokensService;
declare const options: import('nestjs-logout').LogoutModuleOptions;
declare const store: import('nestjs-logout').RevocationStore;
declare const token: import('nestjs-logout').VerifiedToken;
declare const id: string;
declare const admin: string;
declare const User: new () => { id: string; isActive: boolean; passwordHash: string };
declare function print(...values: readonly unknown[]): void;
declare const MeController: new () => object;
