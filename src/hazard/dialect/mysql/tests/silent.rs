//! What must not alarm.

use super::{reads, shown, steps};
use crate::db::Engine;
use crate::hazard::action::Action;
use crate::hazard::dialect::Reading;
use crate::hazard::split::split;

#[test]
fn harmless_statements_give_nothing() {
    for sql in [
        "",
        ";",
        "/* DROP TABLE a */ -- DELETE FROM b",
        "SELECT 'DROP TABLE a; DELETE FROM b'",
        "(SELECT 1) UNION (SELECT 2)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "TABLE a",
        "VALUES ROW(1)",
        "SELECT a INTO @b FROM c FOR UPDATE",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET CHARACTER SET utf8mb4",
        "SET @a = 'DROP TABLE b', @c := 2",
        "SET @s = IF(@c, 'ALTER TABLE a DROP b', 'SELECT 1')",
        "SET time_zone = '+00:00'",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET lock_wait_timeout = 5",
        "EXECUTE s",
        "EXECUTE s USING @a",
        "DEALLOCATE PREPARE s",
        "DROP PREPARE s",
        "SHOW TABLES",
        "EXPLAIN DELETE FROM a",
        "DESCRIBE a",
        "ANALYZE TABLE a",
        "OPTIMIZE TABLE a",
        "CHECK TABLE a",
        "FLUSH PRIVILEGES",
        "GRANT ALL ON app.* TO 'x'@'%'",
        "CREATE USER 'x'@'%' IDENTIFIED BY 'y'",
        "ALTER USER x IDENTIFIED BY 'y'",
        "ALTER DATABASE app CHARACTER SET utf8mb4",
        "CREATE DATABASE IF NOT EXISTS `app` /*!40100 DEFAULT CHARACTER SET utf8mb4 */",
        "UNLOCK TABLES",
        "SAVEPOINT s",
        "RELEASE SAVEPOINT s",
        "DO SLEEP(1)",
        "HANDLER a OPEN",
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'DROP TABLE a'",
    ] {
        reads(sql, &[]);
    }
}

/// What mysqldump writes around a table.
const DUMP: &str = r"-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
/*M!999999\- enable the sandbox mode */
DROP TABLE IF EXISTS `users`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `users` (
  `id` int NOT NULL AUTO_INCREMENT,
  `note` text COLLATE utf8mb4_unicode_ci COMMENT 'drop table; it''s',
  `email` varchar(191) DEFAULT NULL,
  `json` json DEFAULT NULL,
  `point` point NOT NULL /*!80003 SRID 4326 */,
  `hidden` int DEFAULT NULL /*!80023 INVISIBLE */,
  `lower` varchar(9) GENERATED ALWAYS AS (lower(`email`)) VIRTUAL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `users_email_key` (`email`),
  KEY `f` ((lower(`email`))),
  FULLTEXT KEY `ft` (`note`) /*!50100 WITH PARSER `ngram` */
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
/*!50100 PARTITION BY RANGE (`id`)
(PARTITION p0 VALUES LESS THAN (100) ENGINE = InnoDB) */;
/*!40101 SET character_set_client = @saved_cs_client */;
LOCK TABLES `users` WRITE;
/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` (`id`, `note`) VALUES (1,'a;\'b'),(2,'DELETE FROM users');
/*!40000 ALTER TABLE `users` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `users` FOR EACH ROW BEGIN
  SET NEW.note = 'x';
END */;;
DELIMITER ;
/*!50001 CREATE VIEW `v` AS SELECT
 1 AS `id`*/;
/*!50001 DROP VIEW IF EXISTS `v`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select 1 AS `id` */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
";

#[test]
fn a_dump_does_what_it_says_and_nothing_is_unread() {
    let found: Vec<String> = split(Engine::Mysql, DUMP)
        .iter()
        .flat_map(|statement| shown(Engine::Mysql, statement.text))
        .filter(|step| !step.starts_with("SqlMode") && !step.starts_with("create table"))
        .collect();
    assert_eq!(
        found,
        [
            "ForeignKeys(false)",
            "drop table users",
            "Transaction(false)",
            "insert users (id,note)",
            "trigger t INSERT users {}",
            "view v",
            "drop view v",
            "view v",
            "ForeignKeys(true)",
        ]
    );
}

#[test]
fn migrations_of_other_tools_are_read_whole() {
    for sql in [
        // Prisma.
        "-- CreateTable\nCREATE TABLE `User` (\n    `id` INTEGER NOT NULL AUTO_INCREMENT,\n    `email` VARCHAR(191) NOT NULL,\n    `role` ENUM('USER', 'ADMIN') NOT NULL DEFAULT 'USER',\n    `createdAt` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),\n    `ok` BOOLEAN NOT NULL DEFAULT false,\n    `f` DOUBLE NULL,\n\n    UNIQUE INDEX `User_email_key`(`email`),\n    PRIMARY KEY (`id`)\n) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "-- AddForeignKey\nALTER TABLE `Post` ADD CONSTRAINT `Post_authorId_fkey` FOREIGN KEY (`authorId`) REFERENCES `User`(`id`) ON DELETE SET NULL ON UPDATE CASCADE",
        // Laravel.
        "create table `users` (`id` bigint unsigned not null auto_increment primary key, `name` varchar(255) not null, `email_verified_at` timestamp null, `remember_token` varchar(100) null, `created_at` timestamp null, `updated_at` timestamp null) default character set utf8mb4 collate 'utf8mb4_unicode_ci'",
        "alter table `users` add unique `users_email_unique`(`email`)",
        "alter table `posts` add `user_id` bigint unsigned not null after `id`, add constraint `posts_user_id_foreign` foreign key (`user_id`) references `users` (`id`) on delete cascade",
        // Django.
        "ALTER TABLE `app_user` ADD COLUMN `nick` varchar(20) DEFAULT 'x' NOT NULL",
        "ALTER TABLE `app_user` ALTER COLUMN `nick` DROP DEFAULT",
        // Rails.
        "CREATE TABLE `a` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `b` varchar(255), `c` json DEFAULT (json_array()), INDEX `i` (`b`) USING BTREE COMMENT 'x')",
        // Drizzle.
        "CREATE TABLE `t` (`id` serial AUTO_INCREMENT NOT NULL, `at` timestamp DEFAULT (now()), CONSTRAINT `t_id` PRIMARY KEY(`id`), CONSTRAINT `u` UNIQUE(`at`))",
        // Flyway.
        "ALTER TABLE IF EXISTS x MODIFY IF EXISTS y VARCHAR(20) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'it''s' AFTER z",
    ] {
        let found = steps(Engine::Mysql, sql);
        assert!(!found.is_empty(), "{sql}");
        for step in found {
            assert!(
                !matches!(step.action, Action::Unparsed(_)),
                "{sql}: {step:?}"
            );
        }
    }
}

#[test]
fn ansi_quotes_hold_once_the_file_sets_them() {
    let mut reading = Reading::offline(Engine::Mysql);
    let drop = "DROP TABLE \"a\"";
    assert!(matches!(
        super::super::read(&reading, drop)[0].action,
        Action::Unparsed(_)
    ));
    reading.follow(&steps(
        Engine::Mysql,
        "SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'",
    ));
    assert!(matches!(
        super::super::read(&reading, drop)[0].action,
        Action::DropTable { .. }
    ));
    reading.follow(&steps(Engine::Mysql, "SET sql_mode = 'STRICT_ALL_TABLES'"));
    assert!(matches!(
        super::super::read(&reading, drop)[0].action,
        Action::Unparsed(_)
    ));
}
